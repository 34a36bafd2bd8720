"""For many random rope settings: the frequencies that OLMo-core computes from what hf2olmo writes are transformers'."""

import json
import random
import sys
from collections import Counter
from pathlib import Path

import cli
import core_models
import pytest
import torch
from olmo_core.nn.rope import compute_inv_freqs
from olmo_core.nn.transformer import TransformerConfig
from transformers import AutoConfig

CASES = 20
FLAT = {"llama": 64, "mistral": 128, "qwen3": 64, "olmo2": 32, "olmoe": 64, "flex_olmo": 32}  # widths of a head
NESTED = {"olmo3": 64, "gemma3_text": 64}
LAYERS = 6  # of a model with windows; its last but one or last has full attention


def write(family: str, folder: Path) -> dict:
    """A small model with heads of a real width; returns its config without rope."""
    width = (FLAT | NESTED)[family]
    config = dict(
        hidden_size=2 * width, num_attention_heads=2, num_key_value_heads=1, intermediate_size=16, vocab_size=32,
        num_hidden_layers=LAYERS if family in NESTED else 1, num_experts=2, num_experts_per_tok=1, head_dim=width,
        query_pre_attn_scalar=width, sliding_window=None if family == "mistral" else 16, pad_token_id=1,
    )  # fmt: skip
    if family not in ("gemma3_text", "olmo3", "mistral"):
        del config["sliding_window"]
    if family != "gemma3_text":
        del config["query_pre_attn_scalar"]
    config_class, model_class = core_models.models.CLASSES[family]
    model_class(config_class(**config)).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    return {name: value for name, value in config.items() if "rope" not in name}


def number(rng: random.Random, *values):
    """One of the values, as an integer or as a float where it is whole."""
    value = rng.choice(values)
    return rng.choice([int, float])(value) if value == int(value) else value


def maybe(rng: random.Random, settings: dict, name: str, *values, often: float = 0.5) -> None:
    if rng.random() < often:
        value = rng.choice(values)
        settings[name] = value if value is None or isinstance(value, bool) else number(rng, value)


def random_scaling(rng: random.Random) -> dict:
    """rope_scaling, or a rope of rope_parameters without its theta."""
    kind = rng.choice(2 * ["default", "linear"] + 3 * ["llama3"] + 4 * ["yarn"] + ["dynamic"])
    rope = {rng.choice(["rope_type", "rope_type", "type"]): kind}
    if kind != "default":
        maybe(rng, rope, "factor", 1, 2, 4, 8, 32, 1.5, 40, often=0.97)
    if kind in ("llama3", "yarn"):
        maybe(rng, rope, "original_max_position_embeddings", 64, 1024, 4096, 8192, 32768, often=0.8)
    if kind == "llama3":
        rope["low_freq_factor"], rope["high_freq_factor"] = number(rng, 1, 2, 3, 0.5), number(rng, 4, 8, 32, 1)
    if kind == "yarn":
        maybe(rng, rope, "beta_fast", 32, 16, 64, 0, None, 24.5, often=0.3)
        maybe(rng, rope, "beta_slow", 1, 2, 4, None, often=0.3)
        maybe(rng, rope, "attention_factor", 1, 1.138629436111989, 1.2079441541679836, 0, None, often=0.3)
        maybe(rng, rope, "mscale", 1, 0.707, 0, often=0.15)
        maybe(rng, rope, "mscale_all_dim", 1, 0, often=0.15)
        maybe(rng, rope, "truncate", True, False, often=0.15)
    maybe(rng, rope, "partial_rotary_factor", 1, 0.5, often=0.05)
    return rope


def random_theta(rng: random.Random, settings: dict) -> None:
    maybe(rng, settings, "rope_theta", 10000, 10000, 500000, 1000000, 8000000, 10000.5, 100, often=0.4)


def random_rope(rng: random.Random, nested: bool) -> dict:
    """What config.json says of rope, in the manner of transformers 4, of 5, or of both."""
    config = {"max_position_embeddings": rng.choice([64, 2048, 4096, 32768, 131072])}
    maybe(rng, config, "original_max_position_embeddings", 64, 2048, 8192, often=0.3)
    if rng.random() < (0.2 if nested else 1.0):
        random_theta(rng, config)
    if rng.random() < (0.3 if nested else 0.5):
        config["rope_scaling"] = rng.choice([None, {}, random_scaling(rng), random_scaling(rng)])
        if config["rope_scaling"] and rng.random() < 0.2:
            random_theta(rng, config["rope_scaling"])
    if not config.get("rope_scaling") or rng.random() < 0.1:
        ropes = {}
        for kind in ("full_attention", "sliding_attention") if nested else ("all",):
            plain = kind == "sliding_attention" and rng.random() < 0.9
            ropes[kind] = {"rope_type": "default"} if plain else random_scaling(rng)
            random_theta(rng, ropes[kind])
            if nested and rng.random() < 0.1:
                del ropes[kind]
        config["rope_parameters"] = ropes if nested and rng.random() < 0.95 else next(iter(ropes.values()), None)
    maybe(rng, config, "partial_rotary_factor", 1, 0.5, often=0.05)
    if nested:
        maybe(rng, config, "rope_local_base_freq", 10000, 500000)
    return config


def transformers_ropes(folder: Path) -> list:
    """Inverse frequencies and attention factor of each layer, as transformers has them."""
    config = AutoConfig.from_pretrained(folder)
    module = vars(sys.modules[core_models.models.CLASSES[config.model_type][1].__module__])
    (rotary_class,) = (value for name, value in module.items() if name.endswith("RotaryEmbedding"))
    rotary = rotary_class(config)
    if hasattr(rotary, "inv_freq"):
        return [(rotary.inv_freq, rotary.attention_scaling)] * config.num_hidden_layers
    kinds = config.layer_types
    return [(getattr(rotary, f"{kind}_inv_freq"), getattr(rotary, f"{kind}_attention_scaling")) for kind in kinds]


def core_ropes(folder: Path) -> list:
    """The same, as OLMo-core builds them from its config.json."""
    config = json.loads((folder / "config.json").read_text())
    model = TransformerConfig.from_dict(config["model"]).build(init_device="meta")
    ropes = []
    for block in model.blocks.values():
        rope, cpu = block.attention.rope, torch.device("cpu")
        if rope.scaling is None:
            ropes.append((compute_inv_freqs(rope.theta, rope.rotary_dim, cpu), 1.0))
        else:
            ropes.append(rope.scaling.compute_scaled_inv_freq(theta=rope.theta, dim=rope.rotary_dim, device=cpu))
    return ropes


@pytest.mark.parametrize("family", [*FLAT, *NESTED])
def test_random_ropes(family, tmp_path):
    source = tmp_path / "model"
    base = write(family, source)
    out = tmp_path / "out" / "step0"
    became = Counter()
    for seed in range(CASES):
        config = random_rope(random.Random(f"{family} {seed}"), family in NESTED)
        if family == "olmo3" and not config.get("rope_parameters"):
            config.pop("rope_theta", None)  # transformers 5 has 500000 on layers with windows whatever this says
        (source / "config.json").write_text(json.dumps(base | config))
        done = cli.run("convert", "--quiet", "--force", "--target", "olmo-core", "--output", out, source)
        assert done.returncode in (0, 1) and "goroutine" not in done.stderr, done.stderr
        if done.returncode == 1:
            assert "rope" in done.stderr or "original_max_position" in done.stderr, f"{config}\n{done.stderr}"
            assert "cannot fetch" not in done.stderr and "invalid operation" not in done.stderr, done.stderr
            became["refused"] += 1
            continue
        try:
            want = transformers_ropes(source)
        except (KeyError, TypeError, ValueError, ZeroDivisionError):  # a model that transformers cannot build
            became["impossible"] += 1
            continue
        for (inv_freq, factor), (core_inv_freq, core_factor) in zip(want, core_ropes(out), strict=True):
            assert torch.allclose(core_inv_freq, inv_freq, rtol=1e-5, atol=0), config
            assert abs(core_factor - factor) < 1e-5, config
        became["equal"] += 1
    print(family, dict(became))
    assert became["equal"] >= CASES / 6, became
    assert became["impossible"] <= CASES / 10, became
