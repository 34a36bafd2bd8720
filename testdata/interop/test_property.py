"""For many random OLMo configs: what hf2olmo takes for the model's state dict is that of the real OLMo(config)."""

import json
import random
import warnings
from pathlib import Path

import cli
import pytest
import torch
from olmo.config import ModelConfig
from olmo.model import OLMo

CASES = 200


def random_config(rng: random.Random) -> dict:
    """A ModelConfig that the real OLMo can build and run."""
    head_dim, n_heads = rng.choice([2, 4]), rng.choice([1, 2, 4, 6])
    d_model, layers = head_dim * n_heads, rng.choice([1, 2, 4, 6])
    position = rng.choice(["rope", "alibi", "learned"])
    block = rng.choice(["sequential", "sequential", "llama"])
    config = dict(
        d_model=d_model,
        n_heads=n_heads,
        n_layers=layers,
        block_type=block,
        block_group_size=rng.choice([size for size in (1, 1, 2, 3) if layers % size == 0]),
        rope=position == "rope",
        alibi=position == "alibi",
        activation_type=rng.choice(["swiglu", "gelu", "relu"]),
        attention_layer_norm=rng.random() < 0.5,
        attention_layer_norm_with_affine=rng.random() < 0.5,
        embedding_layer_norm=rng.random() < 0.3,
        layer_norm_type=rng.choice(["default", "rms", "low_precision"]),
        layer_norm_with_affine=rng.random() < 0.6,
        include_bias=rng.random() < 0.5,
        bias_for_layer_norm=rng.choice([None, True, False]),
        weight_tying=rng.random() < 0.5,
        max_sequence_length=rng.choice([3, 5, 17]),
        vocab_size=(vocab := rng.randrange(4, 20)),
        embedding_size=rng.choice([None, vocab, vocab + 7]),
        mlp_ratio=rng.choice([2, 3, 4]) * 2,
        mlp_hidden_size=rng.choice([None, 2 * rng.randrange(1, 12)]),
        norm_after=rng.random() < 0.3,
        clip_qkv=rng.choice([None, 8.0]),
        scale_logits=rng.random() < 0.2,
        eos_token_id=0,
        pad_token_id=1,
    )
    config |= random_heads(rng, n_heads, block)
    for key in rng.sample(sorted(config), 3):  # a field that equals its default may be missing
        if config[key] == getattr(ModelConfig(), key):
            del config[key]
    return config


def random_heads(rng: random.Random, n_heads: int, block: str) -> dict:
    """All ways to say how many kv heads there are; the llama block knows only all or one."""
    ways = [{}, {"n_kv_heads": n_heads}, {"multi_query_attention": True}, {"multi_query_attention": False}]
    ways += [{"multi_query_attention": True, "n_kv_heads": 1}]
    if block == "sequential":
        ways += [{"n_kv_heads": kv} for kv in (1, 2, 3) if n_heads % kv == 0] * 2
    return rng.choice(ways)


def real_state(config: dict) -> dict:
    """The real OLMo's state dict, with weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = OLMo(ModelConfig.new(**config, init_device="meta"), init_params=False)
    return {name: torch.randn(tensor.shape) for name, tensor in model.state_dict().items()}


def write(folder: Path, config: dict, state: dict) -> Path:
    """The old packaging: OLMo's own config and names, behind model."""
    folder.mkdir()
    named = {"model_type": "hf_olmo", "architectures": ["OLMoForCausalLM"]}
    (folder / "config.json").write_text(json.dumps({**named, **config}))
    torch.save({f"model.{name}": tensor for name, tensor in state.items()}, folder / "pytorch_model.bin")
    return folder


def spoil(rng: random.Random, state: dict) -> tuple[str, dict]:
    """One tensor missing, surplus or misshapen, and its name."""
    name = rng.choice(sorted(state))
    how = rng.choice(["missing", "surplus", "longer", "flat", "transposed"])
    tensor = state[name]
    if how == "missing":
        return name, {key: value for key, value in state.items() if key != name}
    if how == "surplus":
        other = rng.choice([name + "_", "transformer.blocks.9.attn_out.weight", "transformer.extra.bias"])
        return other, {**state, other: tensor.clone()}
    if how == "transposed" and tensor.dim() == 2 and tensor.shape[0] != tensor.shape[1]:
        return name, {**state, name: tensor.t().contiguous()}
    if how == "flat" and tensor.dim() == 2:
        return name, {**state, name: tensor.flatten()}
    return name, {**state, name: torch.cat([tensor, tensor[:1]])}


@pytest.mark.parametrize("batch", range(10))
def test_declared_state_is_the_real_one(batch, tmp_path):
    for seed in range(batch, CASES, 10):
        rng = random.Random(seed)
        config = random_config(rng)
        state = real_state(config)
        source = write(tmp_path / f"model{seed}", config, state)
        folder = cli.convert(source, tmp_path / f"out{seed}")
        got = torch.load(folder / "model.pt", weights_only=True)
        assert {name: tensor.shape for name, tensor in got.items()} == {
            name: tensor.shape for name, tensor in state.items()
        }, config
        assert all(torch.equal(got[name], tensor) for name, tensor in state.items()), config

        name, spoiled = spoil(rng, state)
        source = write(tmp_path / f"spoiled{seed}", config, spoiled)
        cli.refuse(source, tmp_path / f"refused{seed}", name)


# What the real OLMo cannot build, or builds and cannot run. Each is named by the field to blame.
IMPOSSIBLE = {
    "n_heads": dict(n_heads=3),
    "n_kv_heads": dict(n_kv_heads=3),
    "n_kv_heads more than heads": dict(n_kv_heads=8),
    "alibi": dict(alibi=True, rope=True),
    "flash_attention": dict(alibi=True, rope=False, flash_attention=True),
    "embedding": dict(embedding_size=8),
    "clip_qkv": dict(clip_qkv=0.0),
    "block_group_size": dict(block_group_size=3),
    "mlp_hidden_size": dict(mlp_hidden_size=33),
    "multi_query_attention": dict(multi_query_attention=True, n_kv_heads=2),
    "llama block with GQA": dict(block_type="llama", n_kv_heads=2),
    "llama block with one kv head that is not multi_query_attention": dict(block_type="llama", n_kv_heads=1),
    "rope": dict(d_model=12, n_heads=4),
    "layer_norm_type": dict(layer_norm_type="amd_compatible"),
    "activation_type": dict(activation_type="silu"),
    "block_type parallel": dict(block_type="parallel"),
    "mlp_ratio": dict(mlp_hidden_size=None, mlp_ratio=2.5),
    "rope_theta": dict(rope_theta=10000.5),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_configs_are_refused(name, tmp_path):
    base = dict(
        d_model=16, n_heads=4, n_layers=2, mlp_hidden_size=32, rope=True, include_bias=False, weight_tying=True,
        vocab_size=11, embedding_size=16, max_sequence_length=8, eos_token_id=0, pad_token_id=1,
    )  # fmt: skip
    state = real_state(base)
    write(tmp_path / "sound", base, state)
    cli.convert(tmp_path / "sound", tmp_path / "out")
    source = write(tmp_path / "model", base | IMPOSSIBLE[name], state)
    cli.refuse(source, tmp_path / "refused", name.split()[0])
