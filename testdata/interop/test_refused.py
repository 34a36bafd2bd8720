"""What the native model cannot hold, or what is not sound, is refused: status 1, the reason, and nothing left."""

import json
from pathlib import Path

import cli
import containers
import models
import pytest
import torch
from safetensors.torch import save_file

LAYER = "model.layers.1."


@pytest.fixture(scope="module")
def state():
    """A llama with GQA; tests change copies of it."""
    return models.variant("llama").state_dict()


def write(folder: Path, state: dict, **changes) -> Path:
    """The llama's config.json with changes (None takes a key out), and the state as one safetensors file."""
    containers.write(models.variant("llama"), folder, "safetensors")
    config = json.loads((folder / "config.json").read_text()) | changes
    config = {key: value for key, value in config.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "model.safetensors")
    return folder


def changed(state: dict, **tensors) -> dict:
    """A copy of the state with some of layer 1's tensors replaced; names with double underscores for dots."""
    return {**state, **{LAYER + name.replace("__", ".") + ".weight": value for name, value in tensors.items()}}


@pytest.mark.parametrize(
    "name, expected, found",
    [
        ("self_attn.q_proj", "64", "[32, 64]"),
        ("self_attn.k_proj", "32", "[64, 64]"),
        ("mlp.up_proj", "96", "[64, 96]"),
        ("mlp.down_proj", "96", "[96, 64]"),
        ("input_layernorm", "64", "[96]"),
    ],
)
def test_wrong_shape(name, expected, found, state, tmp_path):
    """Among them a transposed matrix and a wrong number of kv heads."""
    full = LAYER + name + ".weight"
    source = write(tmp_path / "model", {**state, full: torch.randn(json.loads(found))})
    cli.refuse(source, tmp_path / "out", full, expected, str(json.loads(found)[0]))


def test_missing_and_surplus_are_all_listed(state, tmp_path):
    gone = [LAYER + "mlp.gate_proj.weight", "model.layers.0.self_attn.v_proj.weight", "model.norm.weight"]
    more = ["model.layers.2.mlp.up_proj.weight", "model.layers.0.self_attn.q_proj.bias", "unheard.of"]
    kept = {name: tensor for name, tensor in state.items() if name not in gone}
    source = write(tmp_path / "model", {**kept, **{name: torch.randn(4) for name in more}})
    cli.refuse(source, tmp_path / "out", *gone, *more)


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"num_hidden_layers": 3}, "model.layers.2."),
        ({"num_hidden_layers": 1}, "model.layers.1."),
        ({"vocab_size": 192}, "model.embed_tokens.weight"),
        ({"num_key_value_heads": 4}, "k_proj"),
        ({"tie_word_embeddings": True}, "lm_head.weight"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0}}, "rope"),
        ({"rope_parameters": {"rope_theta": 10000.5, "rope_type": "default"}}, "10000.5"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope"),
        ({"attention_bias": True}, "attention_bias"),
        ({"mlp_bias": True}, "mlp_bias"),
        ({"hidden_act": "gelu"}, "gelu"),
        ({"head_dim": 32}, "head_dim"),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "quantization_config"),
        ({"model_type": "mistral", "sliding_window": 16}, "sliding_window"),
        ({"model_type": "mistral"}, "sliding_window"),  # where the key is missing transformers means 4096
        ({"model_type": "olmo3"}, "OLMo-core"),
        ({"model_type": "gemma"}, "gemma"),
        ({"model_type": "qwen2"}, "qwen2"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_config(changes, reason, state, tmp_path):
    cli.refuse(write(tmp_path / "model", state, **changes), tmp_path / "out", reason)


@pytest.mark.parametrize("container", ["safetensors", "bin", "bin-legacy", "strided"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_nan(container, dtype, tmp_path):
    model = models.variant("olmo2").to(dtype)
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[95, 63] = float("nan")
        model.model.layers[0].self_attn.o_proj.weight[0, 0] = float("inf")  # infinity is no NaN
    source = containers.write(model, tmp_path / "model", container, dtype)
    said = cli.refuse(source, tmp_path / "out", "nan", LAYER + "mlp.up_proj.weight")
    assert "self_attn.o_proj" not in said
    cli.convert(source, tmp_path / "out", "--allow-nan")


@pytest.mark.parametrize("dtype", [torch.int64, torch.int8, torch.uint8, torch.float8_e4m3fn])
def test_dtypes_that_are_no_weights(dtype, state, tmp_path):
    source = write(tmp_path / "model", changed(state, mlp__up_proj=torch.ones(96, 64).to(dtype)))
    cli.refuse(source, tmp_path / "out", LAYER + "mlp.up_proj.weight")


def test_float64(state, tmp_path):
    source = write(tmp_path / "model", changed(state, mlp__up_proj=torch.ones(96, 64).double()))
    cli.refuse(source, tmp_path / "out", LAYER + "mlp.up_proj.weight", "dtype=torch.float32")


@pytest.mark.parametrize("container", containers.ALL)
def test_cut_short(container, tmp_path):
    source = containers.write(models.variant("llama"), tmp_path / "model", container)
    weights = max(source.glob("*.bin") if container in containers.TORCH else source.glob("*.safetensors"))
    data = weights.read_bytes()
    for number, cut in enumerate([len(data) - 1, len(data) // 2, 100, 0]):
        weights.write_bytes(data[:cut])
        cli.refuse(source, tmp_path / f"out{number}", weights.name)


@pytest.mark.parametrize("container", ["safetensors-sharded", "bin-sharded", "bin-legacy-sharded"])
def test_shards(container, tmp_path):
    source = containers.write(models.variant("llama"), tmp_path / "model", container)
    (index,) = source.glob("*.index.json")
    content = json.loads(index.read_text())
    name, shard = sorted(content["weight_map"].items())[0]

    moved = dict(content["weight_map"], **{name: "../" + shard})
    index.write_text(json.dumps(content | {"weight_map": moved}))
    cli.refuse(source, tmp_path / "out1", "../" + shard)

    index.write_text(json.dumps(content))
    (source / shard).rename(tmp_path / shard)
    cli.refuse(source, tmp_path / "out2", shard)


def test_sources_that_are_none(state, tmp_path):
    source = write(tmp_path / "model", state)
    config, weights = source / "config.json", source / "model.safetensors"
    content, data = config.read_text(), weights.read_bytes()

    weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "0" + "\nsize 123\n")
    cli.refuse(source, tmp_path / "out1", "git lfs pull")
    weights.unlink()
    cli.refuse(source, tmp_path / "out2", "weights")
    weights.write_bytes(data)
    config.write_text("{")
    cli.refuse(source, tmp_path / "out3", "config.json")
    config.unlink()
    cli.refuse(source, tmp_path / "out4", "config.json")
    config.write_text(content)
    cli.convert(source, tmp_path / "out5")
    cli.refuse(tmp_path / "nowhere", tmp_path / "out6", "nowhere")


def test_another_folder_is_not_overwritten(state, tmp_path):
    source = write(tmp_path / "model", state)
    out = tmp_path / "out-unsharded"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    cli.refuse(source, out, "already exists", "another --output")  # --force would not replace it either
    cli.refuse(source, out, "notes.txt", args=("--force",))
    assert (out / "notes.txt").read_text() == "mine"
