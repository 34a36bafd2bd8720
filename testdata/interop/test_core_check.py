"""hf2olmo check of an OLMo-core checkpoint says what OLMo-core does with it: the same folders are given to both."""

import json
import re
import shutil
from pathlib import Path

import cli
import pytest
import torch
import yaml
from olmo_core.distributed.checkpoint import load_model_and_optim_state
from olmo_core.nn.transformer.config import TransformerConfig

MODEL = cli.ROOT / "testdata" / "models" / "olmo2"


def block(model: dict) -> dict:
    return model["block"]


# Changes of the model section: the code of check ("" for none of severity error), and what OLMo-core says ("" if it loads).
CONFIGS = {
    "as written": (lambda m: None, "", ""),
    "unknown key": (lambda m: m.update(x=1), "config-unknown-key", "class 'TransformerConfig' has no attribute 'x'"),
    "unknown key in the block": (lambda m: block(m).update(x=1), "config-unknown-key", "class 'TransformerBlockConfig' has"),
    "unknown key in rope": (
        lambda m: block(m)["attention"]["rope"].update(x=1), "config-unknown-key", "class 'RoPEConfig' has no attribute 'x'"),
    "type everywhere": (lambda m: m.update(type="x"), "", ""),
    "more layers": (lambda m: m.update(n_layers=3), "tensor-missing", "Missing key in checkpoint state_dict"),
    "fewer layers": (lambda m: m.update(n_layers=1), "tensor-surplus", ""),
    "wider": (lambda m: block(m)["feed_forward"].update(hidden_size=64), "tensor-shape", "Size mismatch"),
    "narrower": (lambda m: block(m)["feed_forward"].update(hidden_size=24), "tensor-shape", "Size mismatch"),
    "vocabulary": (lambda m: m.update(vocab_size=96), "tensor-shape", "Size mismatch"),
    "norm of heads": (lambda m: block(m)["attention"].update(use_head_qk_norm=True), "tensor-shape", "Size mismatch"),
    "no norm of q and k": (lambda m: block(m)["attention"].pop("qk_norm"), "tensor-surplus", ""),
    "peri norm": (lambda m: block(m).update(name="peri_norm"), "tensor-missing", "Missing key in checkpoint state_dict"),
    "the later name": (lambda m: block(m).update(sequence_mixer=block(m).pop("attention")), "", ""),
    "head_dim": (lambda m: block(m)["attention"].update(head_dim=8), "tensor-shape", "Size mismatch"),
    "all heads": (lambda m: block(m)["attention"].pop("n_kv_heads"), "tensor-shape", "Size mismatch"),
}  # fmt: skip


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("core") / "step0"
    done = cli.run("convert", "--target", "olmo-core", "--output", folder, MODEL)
    assert done.returncode == 0, done.stderr
    return folder


def errors(report: dict) -> set:
    return {finding["code"] for finding in report["findings"] if finding["severity"] == "error"}


def load(folder: Path) -> str:
    model = json.loads((folder / "config.json").read_text())["model"]
    try:
        load_model_and_optim_state(folder / "model_and_optim", TransformerConfig.from_dict(model).build())
    except BaseException as error:  # CheckpointException is not an Exception
        return f"{type(error).__name__}: {error}"
    return ""


def damaged(converted: Path, to: Path, change) -> Path:
    shutil.copytree(converted, to)
    config = json.loads((to / "config.json").read_text())
    change(config["model"])
    (to / "config.json").write_text(json.dumps(config))
    return to


@pytest.mark.parametrize("case", CONFIGS)
def test_config(converted, tmp_path, case):
    change, code, error = CONFIGS[case]
    folder = damaged(converted, tmp_path / "step0", change)
    report = json.loads(cli.run("check", "--json", folder).stdout)
    assert errors(report) >= {code} - {""} and report["loads"] == (code == ""), report
    met = load(folder)
    assert re.search(error, met) if error else met == "", met


def test_bytes(converted, tmp_path):
    """--full finds a changed bit and NaN, which OLMo-core loads."""
    folder = tmp_path / "step0"
    shutil.copytree(converted, folder)
    path = folder / "model_and_optim" / "__0_0.distcp"
    config = json.loads((folder / "config.json").read_text())["model"]
    model = TransformerConfig.from_dict(config).build()
    load_model_and_optim_state(folder / "model_and_optim", model)
    weight = model.state_dict()["lm_head.norm.weight"].numpy().tobytes()
    data = bytearray(path.read_bytes())
    at = data.index(weight)
    data[at : at + 4] = b"\x00\x00\xc0\x7f"
    path.write_bytes(data)
    plain, full = (json.loads(cli.run("check", "--json", *args, folder).stdout) for args in ((), ("--full",)))
    assert plain["loads"] and errors(full) == {"checksum", "nan"}, full
    load_model_and_optim_state(folder / "model_and_optim", model)
    assert torch.isnan(model.state_dict()["lm_head.norm.weight"]).any()


def test_classes():
    """check knows the fields of OLMo-core's config classes, no more and no fewer."""
    from importlib import import_module
    from inspect import signature

    for path, known in yaml.safe_load((cli.ROOT / "keymap" / "olmo-core-classes.yaml").read_text()).items():
        module, name = path.rsplit(".", 1)
        section = getattr(import_module(module), name)
        assert set(known) - {"type"} == set(signature(section).parameters) - {"type"} | set(getattr(section, "_IGNORE_FIELDS", None) or ()), path
