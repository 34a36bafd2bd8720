"""transformers 4.57.6, in a process of its own: env.sh puts it beside the environment (requirements-beside.txt)."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = Path(sys.prefix) / "beside" / "transformers-4.57.6"


def run(script: Path | str, *args, stdin=None, timeout: int = 300):
    """Runs a script (a file here, or its path) with transformers 4.57.6 in place of the other: what its last line of
    output, as JSON, says. stdin is given to it as JSON."""
    if not FOLDER.is_dir():
        raise FileNotFoundError(f"no {FOLDER}: run make interop, or sh testdata/interop/env.sh")
    paths = [str(FOLDER), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, str(HERE / script), *map(str, args)]
    done = subprocess.run(command, input=json.dumps(stdin), env=environment, text=True, capture_output=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])
