"""Every variant in every container, every dtype, both dialects of config.json, and the places where models lie."""

import json
import os
import shutil
from pathlib import Path

import checks
import cli
import containers
import logits
import mapping
import models
import pytest
import torch
from olmo.model import OLMo
from safetensors.torch import save_model

# Values that round, underflow and overflow in the shorter types.
EDGES = [1e-7, 6e-8, 1e-38, 3e4, 65519.9, 65520.0, 1e38, -0.0]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pairs():
    """Variants and containers; the dialect alternates, so that every variant is seen in both.

    Without HF2OLMO_FULL=1 each variant meets two or three containers, and each container four or five variants.
    """
    for row, name in enumerate(models.VARIANTS):
        for column, container in enumerate(containers.ALL):
            marks = () if (row + column) % 4 == 0 else pytest.mark.full
            yield pytest.param(name, container, 4 + (row + column // 4) % 2, id=f"{name}-{container}", marks=marks)


@pytest.mark.parametrize("name, container, dialect", pairs())
def test_container(name, container, dialect, tmp_path):
    source = containers.write(models.variant(name), tmp_path / "model", container, dialect=dialect)
    checks.check_all(source, cli.convert(source, tmp_path / "out"))


def dtypes():
    """Variants in the shorter dtypes; the container changes from one to the next."""
    for row, name in enumerate(models.VARIANTS):
        for column, dtype in enumerate(["bfloat16", "float16"]):
            container = containers.ALL[(2 * row + column) % len(containers.ALL)]
            yield pytest.param(name, container, dtype, id=f"{name}-{container}-{dtype}")


@pytest.mark.parametrize("name, container, dtype", dtypes())
def test_dtype_is_kept(name, container, dtype, tmp_path):
    source = containers.write(models.variant(name), tmp_path / "model", container, DTYPES[dtype])
    checks.check_all(source, cli.convert(source, tmp_path / "out"))


@pytest.mark.parametrize("target", DTYPES)
@pytest.mark.parametrize("origin", DTYPES)
@pytest.mark.parametrize("container", ["safetensors", "strided"])
def test_dtype_is_changed(origin, target, container, tmp_path):
    model = models.variant("olmo2")
    with torch.no_grad():
        model.model.layers[0].mlp.down_proj.weight[0, :8] = torch.tensor(EDGES)
    source = containers.write(model, tmp_path / "model", container, DTYPES[origin])
    folder = cli.convert(source, tmp_path / "out", "--dtype", target)
    checks.check_all(source, folder, dtype=DTYPES[target])


@pytest.mark.parametrize("architecture", ["OLMoForCausalLM", "OLMoModelForCausalLM", "OlmoModelForCausalLM"])
@pytest.mark.parametrize("model_type", ["hf_olmo", "olmo"])
def test_names_of_the_old_packaging(architecture, model_type, tmp_path):
    source = containers.write(models.variant("hf_olmo"), tmp_path / "model", "bin")
    path = source / "config.json"
    names = {"architectures": [architecture], "model_type": model_type}
    path.write_text(json.dumps(json.loads(path.read_text()) | names))
    checks.check_all(source, cli.convert(source, tmp_path / "out"))


@pytest.mark.parametrize("changes", [{}, {"tie_word_embeddings": False, "attn_config": {"clip_qkv": 0.4}}], ids=["tied", "clip"])
def test_mpt(changes, tmp_path):
    """Over 200 tokens; the logits are near, not equal: alibi is written otherwise."""
    sizes = dict(d_model=64, n_heads=4, n_layers=3, vocab_size=160, max_seq_len=256)
    source = containers.write(models.build("mpt", 9, **sizes, **changes), tmp_path / "model", "safetensors")
    folder = cli.convert(source, tmp_path / "out")
    checks.check_bits(mapping.native_tensors(source, containers.read(source)), folder)
    checks.check_model_config(source, folder)
    checks.check_train_config(folder)
    logits.assert_near(containers.reference(source), OLMo.from_checkpoint(folder).float(), length=200)
    done = cli.run("export", "--output", tmp_path / "back", folder)
    assert done.returncode == 0, done.stderr
    tokens = torch.randint(2, 91, (2, 200), generator=torch.Generator().manual_seed(2))
    again, model = (models.logits(containers.reference(path), tokens) for path in (tmp_path / "back", source))
    assert torch.equal(again, model)


@pytest.mark.parametrize("name", ["olmo-tied", "olmo2-tied", "llama-tied"])
@pytest.mark.parametrize("container", ["bin", "bin-legacy", "safetensors"])
def test_tied_head_in_the_file_is_dropped(name, container, tmp_path):
    model = models.variant(name)
    source = containers.write(model, tmp_path / "model", container)
    if container == "safetensors":
        from safetensors.torch import save_file

        state = containers.read(source)
        state["lm_head.weight"] = state["model.embed_tokens.weight"].clone()
        save_file(state, source / "model.safetensors", metadata={"format": "pt"})
    assert "lm_head.weight" in containers.read(source)
    checks.check_all(source, cli.convert(source, tmp_path / "out"))


@pytest.mark.parametrize("name", ["olmo-tied", "olmo2-tied", "llama-tied"])
def test_tied_head_alone_is_the_embedding(name, tmp_path):
    """safetensors.torch.save_model keeps one name of two that are tied, and it is the head's."""
    model = models.variant(name)
    plain = containers.write(model, tmp_path / "plain", "safetensors")
    source = Path(shutil.copytree(plain, tmp_path / "model"))
    save_model(model, str(source / "model.safetensors"), metadata={"format": "pt"})
    assert "model.embed_tokens.weight" not in containers.read(source)
    checks.check_all(plain, cli.convert(source, tmp_path / "out"))


@pytest.mark.parametrize("container", containers.ALL)
def test_hub_cache(container, tmp_path):
    """models--org--name/snapshots/<revision>, made of links into blobs; by path, and by the id of the hub."""
    source = containers.write(models.variant("olmo2"), tmp_path / "plain", container)
    hub = tmp_path / "hub"
    repo, revision = hub / "models--allenai--OLMo-tiny", "0123456789abcdef0123456789abcdef01234567"
    snapshot = repo / "snapshots" / revision
    for folder in (snapshot, repo / "blobs", repo / "refs"):
        folder.mkdir(parents=True)
    (repo / "refs" / "main").write_text(revision)
    for number, file in enumerate(sorted(source.iterdir())):
        blob = repo / "blobs" / f"{number:064x}"
        shutil.copy(file, blob)
        (snapshot / file.name).symlink_to(os.path.relpath(blob, snapshot))
    checks.check_all(source, cli.convert(snapshot, tmp_path / "by-snapshot"))
    checks.check_all(source, cli.convert(repo, tmp_path / "by-repository"))
    checks.check_all(source, cli.convert("allenai/OLMo-tiny", tmp_path / "by-id", env={"HF_HUB_CACHE": str(hub)}))


@pytest.mark.parametrize("container", ["safetensors", "bin", "bin-legacy"])
def test_weights_file_as_source(container, tmp_path):
    source = containers.write(models.variant("llama"), tmp_path / "model", container)
    (file,) = [path for path in source.iterdir() if path.suffix in (".safetensors", ".bin")]
    checks.check_all(source, cli.convert(file, tmp_path / "out"))


def test_without_tokenizer(tmp_path):
    source = containers.write(models.variant("olmo2"), tmp_path / "model", "safetensors", tokenizer=False)
    folder = cli.convert(source, tmp_path / "out")
    assert not (folder / "tokenizer.json").exists()
    checks.check_all(source, folder)


def test_same_input_same_bytes(tmp_path):
    source = containers.write(models.variant("olmo2"), tmp_path / "model", "safetensors-sharded")
    first, second = (cli.convert(source, tmp_path / name, "--jobs", jobs) for name, jobs in (("a", 1), ("b", 4)))
    for name in ("model.pt", "train.pt"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_committed_fixtures(tmp_path):
    """The fixtures that make test uses, read by the real libraries of today."""
    names = sorted(path.name for path in (cli.ROOT / "testdata" / "models").iterdir())
    assert len(names) > 15
    for name in names:
        source = cli.ROOT / "testdata" / "models" / name
        golden = json.loads((cli.ROOT / "testdata" / "golden" / f"{name}.json").read_text())
        folder = cli.convert(source, tmp_path / name)
        loaded = torch.load(folder / "model.pt", weights_only=True)
        assert mapping.fingerprints(loaded) == golden["tensors"], name
        checks.check_model_config(source, folder)
