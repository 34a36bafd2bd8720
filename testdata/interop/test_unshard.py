"""Sharded checkpoints of the released trainer, made unsharded: training continues from them with the same losses."""

import json
import subprocess
import sys
from pathlib import Path

import cli
import numpy as np
import pytest
import torch

HERE = Path(__file__).parent
LAYOUTS = ("torch_legacy", "torch_new", "local", "olmo_core")
RUNS = {
    "adamw": {},
    "lion-zero2": {"name": "lionw", "strategy": "SHARD_GRAD_OP"},
    "untied-clipping": {"tied": False, "ratio": 0.5},
    "no-shard": {"strategy": "NO_SHARD"},
    "no-wrapping": {"wrap": None, "precision": "pure", "autocast": "amp_bf16"},
}


def torchrun(*args) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", HERE / "shard_worker.py"]
    done = subprocess.run([*map(str, command), *map(str, args)], text=True, capture_output=True, timeout=500,
                          cwd=HERE.parent / "models" / "olmo")  # which has a tokenizer.json  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def unshard(source: Path, output: Path, *args) -> Path:
    done = cli.run("convert", *args, "--output", output, source)
    assert done.returncode == 0, done.stderr
    return output


@pytest.mark.parametrize("run", [pytest.param(name, marks=[pytest.mark.full] if name != "adamw" else []) for name in RUNS])
def test_training_continues(run, tmp_path):
    """Each rank holds what it held, to the bit, and the next losses are those of the run that was not interrupted."""
    data = tmp_path / "tokens.npy"
    np.random.default_rng(5).integers(2, 91, 16 * 64, dtype=np.uint16).tofile(data)
    torchrun("save", data, tmp_path, json.dumps(RUNS[run]))
    folders = [unshard(tmp_path / layout / "step3", tmp_path / f"{layout}-unsharded") for layout in LAYOUTS]
    for layout, folder in zip(LAYOUTS, folders):
        done = cli.run("verify", tmp_path / layout, folder)
        assert done.returncode == 0 and "bit for bit" in done.stdout, done.stdout + done.stderr
    own = tmp_path / "own" / "step3-unsharded"
    torchrun("resume", data, tmp_path, own, *folders)
    want = json.loads((tmp_path / "report.json").read_text())
    resumed = [json.loads(line) for line in (tmp_path / "resumed.jsonl").read_text().splitlines()]
    assert [line["checkpoint"] for line in resumed] == [str(folder) for folder in [own, *folders]]
    assert len(want["losses"]) == 3
    if resumed[0]["lost"]:  # of the trainer's own checkpoint too: its training does not continue exactly either
        assert resumed[0]["lost"] == ["grad_norm_exp_avg"] and "ratio" in RUNS[run]
        want["losses"] = resumed[0]["losses"]
    for line in resumed:
        assert line["losses"] == want["losses"] and line["counters"] == want["counters"], line
        assert line["lost"] == resumed[0]["lost"], line
    for folder in folders:
        for name in ("model.pt", "optim.pt", "train.pt"):
            torch.load(folder / name, weights_only=True)
            assert subprocess.run(["unzip", "-tq", folder / name], capture_output=True).returncode == 0, name
    first = torch.load(own / "optim.pt", weights_only=True)
    for folder in folders:  # whatever the layout was
        other = torch.load(folder / "optim.pt", weights_only=True)
        assert {n: set(s) for n, s in other["state"].items()} == {n: set(s) for n, s in first["state"].items()}
        for name, state in first["state"].items():
            assert all(torch.equal(other["state"][name][key], value) for key, value in state.items()), name
        assert [g["params"] for g in other["param_groups"]] == [g["params"] for g in first["param_groups"]]
