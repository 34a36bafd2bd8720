"""Mutated files, read by hf2olmo and by the libraries that read them in training: see differential/fuzz.py."""

import os
import subprocess
import sys
from pathlib import Path

import cli

HERE = Path(__file__).parent / "differential"

# The same cases every time, as many as fit in so many seconds. Others: make differential SEED=...
SECONDS = os.environ.get("HF2OLMO_DIFFERENTIAL", "30")
SEED = "1"


def test_readers_agree(tmp_path):
    helper = tmp_path / "differential"
    subprocess.run(["go", "build", "-o", helper, f"./{HERE.relative_to(cli.ROOT)}"], cwd=cli.ROOT, check=True)
    command = [sys.executable, HERE / "fuzz.py", helper, "--seconds", SECONDS, "--seed", SEED, "--least", "10"]
    done = subprocess.run([*command, "--keep", tmp_path / "faults"], capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
