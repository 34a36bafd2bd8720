"""Exported checkpoints in transformers 4.57.6: loaded strictly, with the logits that transformers 5 has of the export and of
the model that it came from, difference 0.0. Three classes of transformers 5 do their sums in the older order for this: order4.py."""

import json

import cli
import loaded
import order4
import pytest
import torch
import transformers4
from safetensors.torch import load_file

MODELS, CORE = cli.ROOT / "testdata" / "models", cli.ROOT / "testdata" / "models-olmo-core"
NAMED = ["models/olmo", "models/olmo-tied", "models/olmo2", "models/llama", "models/mistral", "models/mpt",
         "models/phi3"]
NAMED += [f"models-olmo-core/{name}" for name in ("olmo3-yarn-flat", "gemma3-scaled", "qwen3-tied", "olmoe", "llama-llama3", "mistral-window")]
TOKENS = torch.randint(2, 80, (2, 40), generator=torch.Generator().manual_seed(3)).tolist()


def there_and_back(name, tmp_path, *like):
    """A bundled model, converted for the trainer that takes it and exported again; its folder and the model's."""
    source = cli.ROOT / "testdata" / name
    target = "olmo-core" if name.startswith("models-olmo-core") else "olmo"
    native, out = tmp_path / "native" / f"{source.name}-unsharded", tmp_path / "hf" / source.name
    done = cli.run("convert", "--target", target, "--output", native, source)
    assert done.returncode == 0, done.stderr
    done = cli.run("export", *like, "--output", out, native)
    assert done.returncode == 0, done.stderr
    return source, out


def compare(names, tmp_path):
    pairs = [there_and_back(name, tmp_path, "--like", cli.ROOT / "testdata" / name) for name in names]
    jobs = [{"logits": str(out), "tokens": TOKENS, "file": str(tmp_path / f"{out.name}.pt")} for _, out in pairs]
    older = transformers4.run("loaded.py", stdin=jobs)
    assert older["version"] == "4.57.6"
    for source, out in pairs:
        config = json.loads((out / "config.json").read_text())
        assert config["model_type"] == json.loads((source / "config.json").read_text())["model_type"]
        newer = loaded.logits(out, TOKENS)
        old = torch.load(tmp_path / f"{out.name}.pt")
        if config["model_type"] in order4.PLACES:
            assert torch.allclose(newer, old, rtol=0, atol=1e-5), f"{out.name}: {(newer - old).abs().max()}"
        with order4.of(config["model_type"]):
            same = loaded.logits(out, TOKENS) if config["model_type"] in order4.PLACES else newer
        assert torch.equal(same, old), f"{out.name}: {(same - old).abs().max()}"
        if (source / "model.safetensors").exists() and same_tensors(source, out):
            assert torch.equal(newer, loaded.logits(source, TOKENS)), out.name


def same_tensors(source, out) -> bool:
    a, b = load_file(source / "model.safetensors"), load_file(out / "model.safetensors")
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_both_versions(tmp_path):
    compare(NAMED, tmp_path)


# Classes that version 4.57.6 does not have.
NEWER = {"cwm", "ministral", "olmo_hybrid", "qwen3_5_text"}


@pytest.mark.full
def test_every_family(tmp_path):
    rest = []
    for model in sorted(CORE.iterdir()):
        config = json.loads((model / "config.json").read_text())
        name = f"models-olmo-core/{model.name}"
        if name not in NAMED and config["model_type"] not in NEWER and "text_config" not in config:
            rest.append(name)
    compare(rest, tmp_path)
