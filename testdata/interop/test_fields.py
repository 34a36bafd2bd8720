"""Every field of config.json that transformers' classes declare is read by the table, refused, or named as harmless."""

import dataclasses
import json
import re
from pathlib import Path

import cli
import containers
import core_models
import models
import pytest
import torch
import yaml
from olmo.config import ModelConfig
from olmo.model import OLMo
from olmo_core.distributed.checkpoint import load_model_and_optim_state
from olmo_core.nn.transformer import TransformerConfig
from transformers import AutoConfig, GenerationConfig, PreTrainedConfig

KEYMAP = cli.ROOT / "keymap"
SOURCES = {
    "olmo": {"olmo": "olmo", "olmo2": "olmo2", "llama": "llama", "mistral": "mistral", "phi3": "phi3", "mpt": "mpt"},
    "olmo-core": {
        "olmo2": "olmo2", "llama": "llama", "mistral": "mistral-window", "olmo3": "olmo3", "qwen3": "qwen3",
        "gemma3_text": "gemma3", "olmoe": "olmoe", "flex_olmo": "flex_olmo",
    },
}  # fmt: skip
MPT = dict(d_model=64, n_heads=4, n_layers=2, vocab_size=160, max_seq_len=48)  # its logits are near, not equal
PAIRS = [(target, family) for target, families in SOURCES.items() for family in families]

# Values for fields of which those of their type say little, and fields that no class declares but the code reads.
VALUES = {
    "is_causal": [False, None], "hidden_act": ["gelu", "relu"], "hidden_activation": ["gelu", "silu"],
    "layer_types": [["full_attention"] * 2, ["sliding_attention"] * 5, ["full_attention"] * 7],
    "rope_parameters": [{"rope_type": "default", "rope_theta": 77.0}, {"rope_type": "linear", "factor": 4.0}],
    "rope_scaling": [{"rope_type": "linear", "factor": 4}, {"type": "linear", "factor": 4.0}], "rope_theta": [77.0, 77],
    "original_max_position_embeddings": [32], "partial_rotary_factor": [0.5], "rope_local_base_freq": [77],
    "head_dim": [8, 32], "sliding_window": [8, None], "sliding_window_pattern": [2], "clip_qkv": [0.1, 1],
    "attention_chunk_size": [8], "num_local_experts": [2], "num_key_value_heads": [1, 4, None],
    "max_seq_len": [96],  # of fewer than there are tokens, the class makes nonsense
    "attn_config": [{"alibi": False}, {"clip_qkv": 0.3}, {"softmax_scale": 0.3}, {"qk_ln": True}, {"alibi_bias_max": 16},
                    {"attn_type": "multiquery_attention"}, {"prefix_lm": True}],
    "per_layer_config": [{"0": {"hidden_act": "gelu"}}], "final_logit_softcapping": [0.5],
    "attn_logit_softcapping": [0.5], "query_pre_attn_scalar": [7], "use_bidirectional_attention": [True],
    "max_window_layers": [1, 0], "eos_token_id": [3, [3, 4], None], "bos_token_id": [3, None],
    "pad_token_id": [3, None], "attention_dropout": [0.5, None], "quantization_config": [{"quant_method": "fp8"}],
    "dtype": ["bfloat16"], "architectures": [["Other"]],
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("one_thread")


def known_fields(target: str, family: str) -> set:
    table = yaml.safe_load(cli.run("keymap", f"{target}/{family}").stdout)
    common = yaml.safe_load((KEYMAP / "transformers.yaml").read_text())
    known = {*table["fields"], *(name.split(".")[0] for name in table["fields"]), *table.get("harmless", []), *common["fields"], *sum(common["harmless"], [])}
    if "native" in table:
        known |= declared(ModelConfig) & set(re.findall(r"^  (\w+): ", (KEYMAP / f"{target}.yaml").read_text(), re.M))
    return known


def declared(cls) -> set:
    return {field.name for field in dataclasses.fields(cls)}


@pytest.mark.parametrize("target, family", [*PAIRS, ("olmo", "hf_olmo")])
def test_declared_fields_are_known(target, family):
    """A version of transformers that declares another field fails here, until somebody has looked at what it does."""
    generation = {*vars(GenerationConfig()), *GenerationConfig._get_default_generation_params()}
    of_family = ModelConfig if family == "hf_olmo" else core_models.models.CLASSES[family][0]
    assert not (declared(of_family) | declared(PreTrainedConfig) | generation) - known_fields(target, family)


def candidates(config: dict, config_class):
    """Fields and values that differ from those in config."""
    everywhere = {name for cls, _ in models.CLASSES.values() if cls is not models.OLMoConfig for name in declared(cls)}
    defaults = {field.name: field.default for field in dataclasses.fields(config_class)}
    for name in sorted(everywhere | VALUES.keys()):
        value = config.get(name, defaults.get(name))
        for other in VALUES.get(name) or others(value):
            if other != value or type(other) is not type(value):
                yield name, other


def others(value) -> list:
    """Values of the same type; for a field that has none, of several."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [2 * value + 1, 1] if isinstance(value, int) else [2 * value + 0.1]
    return [True, 2]


def compute(folder: Path, state: dict):
    """Logits of transformers for the folder's config and these weights; None where it has no such model."""
    try:
        config = AutoConfig.from_pretrained(folder)
        config._attn_implementation = "eager"
        model = models.CLASSES[config.model_type][1](config).eval()
        model.load_state_dict(state, strict=True)
        return models.logits(model, tokens())
    except Exception:  # whatever it says of a config that it does not take
        return None


def tokens() -> torch.Tensor:
    return torch.randint(2, 91, (1, 40), generator=torch.Generator().manual_seed(5))


def trainer_logits(target: str, folder: Path):
    if target == "olmo":
        with torch.no_grad():
            return OLMo.from_checkpoint(folder).float()(tokens()).logits
    config = json.loads((folder / "config.json").read_text())
    model = TransformerConfig.from_dict(config["model"]).build(init_device="cpu")
    load_model_and_optim_state(folder, model, strict=True)
    with torch.no_grad():
        return model.eval()(tokens())


def written(target: str, folder: Path):
    plan = json.loads((folder / "hf2olmo.json").read_text())["plan"]  # which also says what is done to tensors
    text = (folder / ("config.yaml" if target == "olmo" else "config.json")).read_text()
    return yaml.safe_load(text)["model"], plan


@pytest.mark.parametrize("target, family", PAIRS)
def test_what_changes_the_logits_is_carried_over_or_refused(target, family, tmp_path):
    source, out = tmp_path / "source", tmp_path / ("out-unsharded" if target == "olmo" else "step0")
    name = SOURCES[target][family]
    if target == "olmo":
        model = models.build("mpt", 7, **MPT) if name == "mpt" else models.variant(name)
        containers.write(model, source, "safetensors")
    else:
        core_models.write(name, source)
    path = source / "config.json"
    config = json.loads(path.read_text())
    config_class, model_class = models.CLASSES[family]
    state = model_class.from_pretrained(source, dtype=torch.float32).state_dict()
    base = compute(source, state)
    command = ("convert", "--quiet", "--force", "--target", target, "--output", out, source)
    done = cli.run(*command)
    assert done.returncode == 0 and base is not None and "warning" not in done.stderr, done.stderr
    unchanged = written(target, out)
    seen = 0
    for field, value in candidates(config, config_class):
        path.write_text(json.dumps(config | {field: value}))
        logits = compute(source, state)
        if logits is None or torch.equal(logits, base):
            continue
        seen += 1
        done = cli.run(*command)
        if done.returncode == 1:
            continue
        assert done.returncode == 0, done.stderr
        assert written(target, out) != unchanged, f"{field} = {value!r} changes the logits, and was ignored"
        if family not in ("olmoe", "flex_olmo"):  # whose forward needs a GPU
            difference = (trainer_logits(target, out) - logits).abs().max().item()
            assert difference < 2e-5, f"{field} = {value!r}: {difference}"
    assert seen >= 5, seen
