"""The released trainer on two ranks: restored from converted folders, and trained by the printed command."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import cli
import containers
import logits
import models
import numpy as np
import pytest
import torch
from olmo import OLMo
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
LENGTH = 48  # max_sequence_length of models.VARIANTS


@pytest.fixture(scope="module")
def window() -> np.ndarray:
    """The one sequence that all of the training data repeats."""
    return np.random.default_rng(5).integers(2, 91, LENGTH, dtype=np.uint16)


@pytest.fixture(scope="module")
def data(window, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "tokens.npy"
    np.tile(window, 64).tofile(path)
    return path


def torchrun(worker: str, *args) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", HERE / worker]
    done = subprocess.run([*map(str, command), *map(str, args)], text=True, capture_output=True, timeout=500)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def test_restore_into_fsdp(data, tmp_path):
    """One run of the launcher goes through all variants, in changing containers and dtypes."""
    folders = []
    for number, name in enumerate(models.VARIANTS):
        container = containers.ALL[number % len(containers.ALL)]
        dtype = (torch.float32, torch.bfloat16, torch.float16)[number % 3]
        source = containers.write(models.variant(name), tmp_path / f"{name}-source", container, dtype)
        folders.append(cli.convert(source, tmp_path / name))
    torchrun("fsdp_worker.py", data, tmp_path / "report.jsonl", *folders)
    lines = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert [line["checkpoint"] for line in lines] == [str(folder) for folder in folders]
    for line in lines:
        assert line["losses"][-1] < line["losses"][0] + 0.01, line


def test_printed_command(data, window, tmp_path):
    """Training starts from the folder's unchanged config.yaml, at the source model's own loss, and comes down."""
    source = containers.write(models.variant("olmo2"), tmp_path / "model", "safetensors", torch.bfloat16)
    config = cli.convert(source, tmp_path / "out") / "config.yaml"
    options = [f"--data.paths=[{data}]", f"--save_folder={tmp_path}/run", "--global_train_batch_size=4"]
    torchrun("train_worker.py", config, *options, "--stop_after=6", "--optimizer.learning_rate=1e-3",
             "--scheduler.t_warmup=0", "--save_interval_unsharded=6", "--save_num_checkpoints_to_keep=0")  # fmt: skip

    report = json.loads((tmp_path / "run" / "report.json").read_text())
    tokens = torch.from_numpy(window.astype(np.int64))[None]
    want = models.logits(containers.reference(source), tokens)
    loss = torch.nn.functional.cross_entropy(want[0, :-1], tokens[0, 1:]).item() * (LENGTH - 1) / LENGTH
    assert report["step"] == 6 and report["tokens"] == 6 * 4 * LENGTH
    assert abs(report["losses"][0] - loss) < 0.05, (report, loss)
    assert report["losses"][-1] < report["losses"][0] - 0.1, report

    saved = tmp_path / "run" / "step6-unsharded"
    assert {path.name for path in saved.iterdir()} == {"config.yaml", "model.pt", "optim.pt", "train.pt"}
    before = torch.load(config.parent / "model.pt", weights_only=True)
    after = torch.load(saved / "model.pt", weights_only=True)
    assert {name: tensor.shape for name, tensor in after.items()} == {name: t.shape for name, t in before.items()}
    assert_leaves(saved, tmp_path / "hf")


def assert_leaves(saved: Path, out: Path) -> None:
    """What the trainer saved leaves with the logits of the trainer's own class, and verify says the same both ways."""
    done = cli.run("export", "--output", out, saved)
    assert done.returncode == 0, done.stderr
    exported, info = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")), info
    logits.assert_equal(exported.eval(), OLMo.from_checkpoint(saved, device="cpu").eval())
    for two in ((saved, out), (out, saved)):
        done = cli.run("verify", *two)
        assert done.returncode == 0 and "bit for bit" in done.stdout, done.stdout + done.stderr


def test_printed_command_names_the_folder(tmp_path):
    """--json holds the command; its arguments are the folder's config.yaml and places for the user's own."""
    source = containers.write(models.variant("olmo"), tmp_path / "a model", "safetensors")
    done = cli.run("convert", "--json", "--output", tmp_path / "out", source)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    command = shlex.split(json.loads(line)["train_command"])
    assert "torchrun" in command[0] and str(tmp_path / "out-unsharded" / "config.yaml") in command, command
