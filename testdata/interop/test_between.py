"""A run of the released OLMo trainer goes on in OLMo-core's, and in its own again: the same moments, and the same losses."""

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
def test_goes_on(run, tmp_path):
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
    command += [HERE / "between_worker.py", data, report, 9, folder, *script(done.stdout)]
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
    # allenai/OLMo divides the loss by all tokens of a sequence, OLMo-core by those that have a next one: so are the gradients.
    losses = [loss * 16 / 15 for loss in want["losses"]]
    assert np.allclose(got["losses"][0], losses[0], rtol=0, atol=1e-5), (got["losses"], losses)
    assert np.allclose(got["losses"][:3], losses, rtol=0, atol=2e-3), (got["losses"], losses)
    assert np.allclose(got["rates"][:3], want["rates"], rtol=1e-6), (got["rates"], want["rates"])
    goes_back(tmp_path, data, got, groups)


def goes_back(tmp_path: Path, data: Path, core: dict, groups: dict) -> None:
    """The step 6 that OLMo-core's trainer has saved goes on in allenai/OLMo's."""
    tokenizer = HERE.parent / "models" / "olmo" / "tokenizer.json"
    done = cli.run("convert", "--target", "olmo", "--tokenizer", tokenizer, "--into", tmp_path / "out",
                   tmp_path / "core" / "step6")  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out" / "core-olmo" / "step6-unsharded"
    torchrun("load", data, tmp_path, folder)
    got = json.loads((tmp_path / "resumed.jsonl").read_text())
    assert got["counters"] == {"global_step": 6, "epoch": 0, "global_train_examples_seen_this_epoch": 0,
                               "global_train_tokens_seen": 6 * 64}  # fmt: skip
    ranks = [torch.load(tmp_path / f"loaded{rank}.pt", weights_only=True) for rank in range(2)]
    seen = set()
    for name in ranks[0]:
        shape = torch.load(folder / "model.pt", weights_only=True)[name := name.replace("_fsdp_wrapped_module.", "")].shape
        own = [next(v for k, v in rank.items() if k.replace("_fsdp_wrapped_module.", "") == name) for rank in ranks]
        for part in own[0] | own[1]:  # a rank without elements of a parameter has no state of it
            flat = [rank[part] for rank in own if part in rank]
            value = flat[0].reshape(()) if part == "step" else torch.cat(flat).reshape(shape)
            pieces = split(name, value) if value.ndim else {k: value for k in split(name, torch.zeros(shape))}
            for key, piece in pieces.items():
                key = key if part == "parameter" else f"{key}.{part}"
                assert torch.equal(piece, core["later"][key]), key
                seen.add(key)
    assert seen == set(core["later"])
    for group in got["groups"]:
        names = [name.replace("_fsdp_wrapped_module.", "") for name in group["param_names"]]
        want = {key: groups[key] for name in names for key in groups if key in split(name, torch.zeros(24, 8))}
        assert want and all(w["weight_decay"] == group["weight_decay"] for w in want.values()), (group, want)
        assert group["betas"] == [0.9, 0.95] and group["eps"] == 1e-5
    assert np.allclose(got["losses"][0], core["losses"][3] * 15 / 16, rtol=0, atol=1e-5), (got, core["losses"])
    assert np.allclose(got["losses"], [loss * 15 / 16 for loss in core["losses"][3:]], rtol=0, atol=2e-3)
    assert np.allclose(got["rates"], core["rates"][3:], rtol=1e-6), (got["rates"], core["rates"])
