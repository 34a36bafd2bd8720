"""config.json in its many shapes: defaults that transformers fills in, and the fields that OLMo wants otherwise."""

import json
from pathlib import Path

import checks
import cli
import containers
import models
import pytest
from olmo.config import ModelConfig, TrainConfig
from olmo.model import OLMo


def write(folder: Path, name: str, changes: dict, without: tuple = (), **config) -> Path:
    """A variant whose config.json is changed after the fact."""
    containers.write(models.variant(name, **config), folder, "safetensors")
    content = json.loads((folder / "config.json").read_text()) | changes
    content = {key: value for key, value in content.items() if key not in without}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


def model_config(folder: Path) -> ModelConfig:
    return TrainConfig.load(folder / "config.yaml").model


@pytest.mark.parametrize(
    "name, without",
    [
        ("olmo", ("num_key_value_heads", "tie_word_embeddings", "hidden_act", "rope_parameters", "clip_qkv",
                  "attention_bias", "attention_dropout", "architectures", "dtype", "use_cache")),
        ("olmo2-mha", ("num_key_value_heads", "tie_word_embeddings", "hidden_act", "attention_bias", "dtype")),
        ("llama", ("tie_word_embeddings", "rms_norm_eps", "rope_parameters", "head_dim", "mlp_bias", "hidden_act")),
        ("mistral", ("tie_word_embeddings", "rms_norm_eps", "rope_parameters", "head_dim", "attention_dropout")),
        ("hf_olmo", ("norm_after", "rope_theta", "n_kv_heads", "clip_qkv", "mlp_ratio", "scale_logits", "init_fn",
                     "attention_layer_norm", "multi_query_attention", "block_group_size", "block_type")),
    ],
)  # fmt: skip
def test_missing_fields_are_what_the_library_fills_in(name, without, tmp_path):
    source = write(tmp_path / "model", name, {}, without)
    checks.check_all(source, cli.convert(source, tmp_path / "out"))


@pytest.mark.parametrize("name", ["olmo", "olmo2", "llama", "mistral"])
@pytest.mark.parametrize(
    "rope, theta",
    [
        ({"rope_theta": 500000}, 500000),
        ({"rope_theta": 2e6, "rope_scaling": None}, 2000000),
        ({"rope_theta": 7.0, "rope_scaling": {"type": "default"}}, 7),
        ({"rope_theta": 7.0, "rope_parameters": {"rope_type": "default", "rope_theta": 9.0}}, 9),
        ({"rope_theta": 7.0, "rope_parameters": {"rope_type": "default"}}, 7),
        ({"rope_parameters": None}, 10000),
    ],
    ids=str,
)
def test_rope_theta(name, rope, theta, tmp_path):
    source = write(tmp_path / "model", name, rope, () if "rope_parameters" in rope else ("rope_parameters",))
    folder = cli.convert(source, tmp_path / "out")
    assert model_config(folder).rope_theta == theta
    checks.check_all(source, folder)


@pytest.mark.parametrize(
    "ids, generation, eos, pad",
    [
        ({"eos_token_id": [3, 5], "pad_token_id": 2}, {"eos_token_id": 7, "pad_token_id": 8}, 3, 2),
        ({"eos_token_id": 4, "pad_token_id": None}, {"eos_token_id": 7, "pad_token_id": 8}, 4, 8),
        ({"eos_token_id": [6], "pad_token_id": None}, {"eos_token_id": 7}, 6, 1),
        ({"eos_token_id": None, "pad_token_id": None}, {"eos_token_id": [7, 8]}, 7, 1),
        ({"eos_token_id": 5, "pad_token_id": None}, None, 5, 1),
    ],
)
@pytest.mark.parametrize("name", ["olmo2", "llama"])
def test_token_ids(name, ids, generation, eos, pad, tmp_path):
    """OLMo wants one id each, and has no null: config.json, generation_config.json, and the tokenizer's own padding."""
    source = write(tmp_path / "model", name, ids)
    (source / "generation_config.json").unlink()
    if generation is not None:
        (source / "generation_config.json").write_text(json.dumps(generation))
    folder = cli.convert(source, tmp_path / "out")
    config = model_config(folder)
    assert (config.eos_token_id, config.pad_token_id) == (eos, pad)
    checks.check_all(source, folder)


def test_dropout_is_carried(tmp_path):
    source = write(tmp_path / "model", "olmo2", {"attention_dropout": 0.25})
    folder = cli.convert(source, tmp_path / "out")
    assert model_config(folder).attention_dropout == 0.25
    checks.check_all(source, folder)


def test_large_vocabulary_needs_wider_tokens(tmp_path):
    """Past 65536 tokens the trainer's default of uint16 for data files cannot hold the ids."""
    source = tmp_path / "model"
    model = models.variant("llama", vocab_size=70016)
    containers.write(model, source, "safetensors", tokenizer=False)
    folder = cli.convert(source, tmp_path / "out")
    assert TrainConfig.load(folder / "config.yaml").data.memmap_dtype == "uint32"
    checks.check_all(source, folder)


@pytest.mark.parametrize("init_fn", ["fan_in", "kaiming_normal", "mitchell", "full_megatron"])
def test_init_fn_that_the_real_olmo_has_not(init_fn, tmp_path):
    """from_checkpoint initialises the model before it loads, which the real OLMo can do for three of the five."""
    source = write(tmp_path / "model", "hf_olmo", {"init_fn": init_fn, "init_device": "cuda"})
    OLMo.from_checkpoint(cli.convert(source, tmp_path / "out"))
