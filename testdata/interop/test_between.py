"""A run of the released OLMo trainer goes on in OLMo-core's: the same moments, and the same losses."""

import json
import re
import subprocess
import sys
from pathlib import Path

import cli
import numpy as np
import pytest
import torch
from test_unshard import torchrun

HERE = Path(__file__).parent
RUNS = {
    "olmo2": {"tied": False, "model": {"attention_layer_norm": True}},
    "llama-tied": {"model": {"norm_after": False}},
}
ONE = {
    "attn_out": "attention.w_out", "ff_out": "feed_forward.w2", "q_norm": "attention.q_norm", "k_norm": "attention.k_norm",
    "attn_norm": "attention_norm", "ff_norm": "feed_forward_norm",
}  # fmt: skip
TOP = {"wte": "embeddings", "ln_f": "lm_head.norm", "ff_out": "lm_head.w_out"}


def split(name: str, value: torch.Tensor) -> dict:
    """What OLMo-core holds of a tensor of allenai/OLMo, or of a moment of it, by OLMo-core's names; written on its own."""
    parts = name.split(".")
    if len(parts) == 3:
        return {f"{TOP[parts[1]]}.weight": value}
    block, which = f"blocks.{parts[2]}", parts[3]
    if which == "att_proj":
        d, kv = value.shape[1], (value.shape[0] - value.shape[1]) // 2
        return dict(zip((f"{block}.attention.w_{k}.weight" for k in "qkv"), value.split([d, kv, kv])))
    if which == "ff_proj":
        up, gate = value.chunk(2)
        return {f"{block}.feed_forward.w3.weight": up, f"{block}.feed_forward.w1.weight": gate}
    return {f"{block}.{ONE[which]}.weight": value}


def expected(folder: Path) -> tuple[dict, dict]:
    """What OLMo-core must hold of an unsharded checkpoint, and the settings of each parameter."""
    model, saved = (torch.load(folder / name, weights_only=True) for name in ("model.pt", "optim.pt"))
    held, groups = {}, {}
    for name, value in model.items():
        held |= split(name, value)
        for moment, state in saved["state"][name].items():
            pieces = split(name, state) if state.ndim else {k: state for k in split(name, value)}
            held |= {f"{key}.{moment}": piece for key, piece in pieces.items()}
        group = next(g for g in saved["param_groups"] if name in g["params"])
        groups |= {key: group for key in split(name, value)}
    return held, groups


def script(printed: str) -> tuple[str, str]:
    """The optimizer and the scheduler that are printed for the user's script."""
    optimizer = re.search(r"^  (AdamWConfig\(.*?^  \]\))$", printed, re.M | re.S)[1]
    return optimizer, re.search(r"^  (\w+\(warmup=.*)$", printed, re.M)[1]


@pytest.mark.parametrize("run", [pytest.param(name, marks=[pytest.mark.full] if name != "olmo2" else []) for name in RUNS])
def test_goes_on_in_olmo_core(run, tmp_path):
    """All of the data is one window, so the order in which it comes is the same in both trainers."""
    data = tmp_path / "tokens.npy"
    np.tile(np.random.default_rng(5).integers(2, 91, 16, dtype=np.uint16), 64).tofile(data)
    torchrun("save", data, tmp_path, json.dumps(RUNS[run]))
    want = json.loads((tmp_path / "report.json").read_text())
    done = cli.run("convert", "--target", "olmo-core", "--into", tmp_path / "out", tmp_path / "torch_new")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out" / "torch_new-olmo-core" / "step3"
    checked = cli.run("check", "--full", folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    report = tmp_path / "core.pt"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += [HERE / "between_worker.py", data, report, 6, folder, *script(done.stdout)]
    trained = subprocess.run([*map(str, command)], text=True, capture_output=True, timeout=500)
    assert trained.returncode == 0, f"{trained.stdout[-3000:]}\n{trained.stderr[-3000:]}"
    got = torch.load(report, weights_only=True)
    held, groups = expected(tmp_path / "own" / "step3-unsharded")
    assert set(got["held"]) == set(held)
    assert [name for name, value in held.items() if not torch.equal(got["held"][name], value)] == []
    for name, group in groups.items():
        for key in ("betas", "eps", "weight_decay"):
            assert got["groups"][name][key] == group[key], (name, key)
    counters = want["counters"]
    assert got["start"] == {"step": 3, "tokens": counters["global_train_tokens_seen"], "epoch": 1, "batch": 0}
    losses = [loss * 16 / 15 for loss in want["losses"]]  # allenai/OLMo divides by all tokens, OLMo-core by those with a next one
    assert np.allclose(got["losses"][0], losses[0], rtol=0, atol=1e-5), (got["losses"], losses)
    assert np.allclose(got["losses"], losses, rtol=0, atol=2e-3), (got["losses"], losses)  # whose gradients are larger so
    assert np.allclose(got["rates"], want["rates"], rtol=1e-6), (got["rates"], want["rates"])
