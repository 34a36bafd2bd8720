"""What the pages say to run: the Python block, the torchrun lines on two ranks, and a table of one's own."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cli
import containers
import core_models
import models
import numpy as np
import torch
from olmo_core.distributed.checkpoint import load_model_and_optim_state
from test_olmo_core import build, logits
from test_olmo_core_trainer import LENGTH, source_loss
from tokenizers import Tokenizer

HERE = Path(__file__).parent
PAGE = (cli.ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.S | re.M)


def launched(line: str) -> list[str]:
    """A torchrun line of the page, for two ranks."""
    words = shlex.split(line.replace("\\\n", ""))
    assert words[:2] == ["torchrun", "--nproc_per_node=8"], words
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", *words[2:]]


def run(command: list, folder: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=folder, text=True, capture_output=True, timeout=500)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr


def tokens(folder: Path) -> Path:
    """A token file that repeats one sequence."""
    window = np.random.default_rng(5).integers(2, 91, LENGTH, dtype=np.uint16)
    np.tile(window, 64).tofile(folder / "tokens.npy")
    return folder / "tokens.npy"


def test_token_files(tmp_path):
    (script,) = blocks("python")
    (tmp_path / "tokens.py").write_text(script)
    lines = ["Once upon a time", "there was", "", "a model"]
    (tmp_path / "text.txt").write_text("\n".join(lines) + "\n")
    file = cli.ROOT / "testdata/models/olmo2/tokenizer.json"
    command = [sys.executable, "tokens.py", file, "0", "text.txt"]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, check=True)
    tokenizer, want = Tokenizer.from_file(str(file)), []
    for line in lines:
        want += [*tokenizer.encode(line, add_special_tokens=False).ids, 0]
    assert np.frombuffer(done.stdout, np.uint16).tolist() == want


def test_olmo_core(tmp_path):
    """train.py as it was written, by the line of the page: it starts at the source model's own loss, and comes down."""
    source = core_models.write("olmo2", tmp_path / "OLMo-2-0425-1B", torch.bfloat16)
    done = cli.run("convert", "--target", "olmo-core", source, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = [line for block in blocks("bash") for line in block.splitlines() if "train.py --save-folder" in line]
    said = line.split("train.py")[1] in done.stdout
    assert said, f"the page has other options than are printed\n{done.stdout}"
    tokens(tmp_path)
    small = ["--sequence-length", LENGTH, "--batch", 4, "--learning-rate", 1e-3]
    out = run([*launched(line), *small], tmp_path)
    losses = [float(loss) for loss in re.findall(r"train/CE loss=([0-9.]+)", out)]
    window = np.fromfile(tmp_path / "tokens.npy", np.uint16)[:LENGTH]
    assert abs(losses[0] - source_loss(source, window)) < 0.01, losses
    assert losses[-1] < losses[0] - 0.1, losses
    saved, written = (json.loads((tmp_path / f"{step}/config.json").read_text())["model"]
                      for step in ("runs/first-core/step16", "OLMo-2-0425-1B-olmo-core/step0"))  # fmt: skip
    assert saved == written
    done = cli.run("check", tmp_path / "runs/first-core/step16")
    assert done.returncode == 0, done.stdout


def test_olmo(tmp_path):
    """The line for scripts/train.py, beside a clone. The wheel leaves that script out: train_worker.py is it."""
    source = core_models.write("olmo2", tmp_path / "OLMo-2-0425-1B", torch.bfloat16)
    assert cli.run("convert", source, cwd=tmp_path).returncode == 0
    tokens(tmp_path)
    (block,) = [block for block in blocks("bash") if "scripts/train.py" in block]
    command = launched(block[block.index("torchrun") :])
    command[command.index("OLMo/scripts/train.py")] = HERE / "train_worker.py"
    run([*command, "--global_train_batch_size=4", "--stop_after=2"], tmp_path)
    report = json.loads((tmp_path / "runs/first/report.json").read_text())
    assert report["step"] == 2, report


def test_own_table(tmp_path):
    """The table of keymap/README.md: OLMo-core computes what transformers does. Helium is such a model."""
    page = (cli.ROOT / "keymap" / "README.md").read_text()
    (tmp_path / "river.yaml").write_text(re.search(r"^```yaml\n(.*?)^```$", page, re.S | re.M)[1])
    sizes = dict(core_models.BASE, head_dim=16)  # its last projection is as wide as the model
    containers.write(models.build("helium", 5, **sizes), tmp_path / "helium", "safetensors", torch.float32)
    shutil.copytree(tmp_path / "helium", tmp_path / "river")
    config = tmp_path / "river" / "config.json"
    config.write_text(config.read_text().replace('"model_type": "helium"', '"model_type": "river"'))
    done = cli.run("convert", "--keymap", "river.yaml", "--output", "river-core", "river", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    model = build(tmp_path / "river-core")
    load_model_and_optim_state(tmp_path / "river-core", model, strict=True)
    want, got = logits(tmp_path / "helium", model)
    assert want.std() > 0.1, "these logits say nothing"
    difference = (want - got).abs().max().item()
    assert difference < 2e-5, difference
