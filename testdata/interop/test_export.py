"""Exported checkpoints, loaded by transformers: nothing missing, nothing left over, the logits of the model that they
came from and of the real OLMo class with difference 0.0, and the ids of tokenizer.json."""

import json

import cli
import logits
import pytest
import torch
import yaml
from olmo import OLMo
from olmo.config import ModelConfig
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoTokenizer

MODELS = cli.ROOT / "testdata" / "models"
TYPES = {"llama": "llama", "llama-bin-sharded": "llama", "mistral": "llama", "olmo": "olmo", "olmo-tied": "olmo", "olmo2": "olmo2", "phi3": "phi3"}
TEXTS = ["Hello world, hf2olmo!", "  two  spaces\n\nand lines", "<|endoftext|>a<|padding|>"]
TOKENS = torch.randint(2, 80, (2, 24), generator=torch.Generator().manual_seed(3))


def export(checkpoint, out, *args):
    done = cli.run("export", *args, "--output", out, checkpoint)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def load(folder, dtype="auto"):
    """The model, strictly: transformers only warns of tensors that are missing or left over."""
    config = AutoConfig.from_pretrained(folder)
    kind = AutoModelForImageTextToText if config.model_type in ("emu3", "gemma3", "got_ocr2", "qwen3_5") else AutoModelForCausalLM
    model, info = kind.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")), info
    return model.eval()


def difference(model, other) -> float:
    with torch.no_grad():
        return (model(TOKENS).logits.float() - other(TOKENS).logits.float()).abs().max().item()


def assert_same_ids(folder):
    exact, loaded = Tokenizer.from_file(str(folder / "tokenizer.json")), AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        assert loaded(text)["input_ids"] == exact.encode(text).ids, text
    config = json.loads((folder / "config.json").read_text())
    assert loaded.eos_token_id == config["eos_token_id"]
    assert loaded.pad_token_id == config["pad_token_id"]


@pytest.mark.parametrize("name", TYPES)
def test_round_trip(name, tmp_path):
    native = cli.convert(MODELS / name, tmp_path / "native-unsharded")
    like = ("--like", MODELS / name) if name == "phi3" else ()  # without it, this one leaves as llama
    folder = export(native, tmp_path / "hf", *like)
    model, source = load(folder), load(MODELS / name)
    assert model.config.model_type == TYPES[name]
    assert model.config.tie_word_embeddings == source.config.tie_word_embeddings
    assert difference(model, source) == 0.0
    assert_same_ids(folder)
    model.generate(TOKENS[:1], max_new_tokens=2, do_sample=False)


def test_shards_and_dtype(tmp_path):
    native = cli.convert(MODELS / "olmo2", tmp_path / "native-unsharded")
    folder = export(native, tmp_path / "hf", "--max-shard-size", "6kB", "--dtype", "bfloat16")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    model = load(folder)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    source = load(MODELS / "olmo2", torch.bfloat16)
    assert difference(model, source) == 0.0


BASE = {"d_model": 32, "n_heads": 4, "n_layers": 4, "mlp_ratio": 6, "rope": True, "include_bias": False, "vocab_size": 90,
        "embedding_size": 96, "weight_tying": False, "max_sequence_length": 64, "init_device": "cpu", "flash_attention": False,
        "layer_norm_with_affine": False, "attention_layer_norm_with_affine": False, "eos_token_id": 0, "pad_token_id": 0,
        "attention_dropout": 0.0, "residual_dropout": 0.0, "embedding_dropout": 0.0, "rope_theta": 20000}
RMS = {"layer_norm_type": "rms", "layer_norm_with_affine": True, "layer_norm_eps": 1e-6}
OLMO2 = {**RMS, "attention_layer_norm": True, "attention_layer_norm_with_affine": True, "norm_after": True}
MPT = {"alibi": True, "rope": False, "activation_type": "gelu", "mlp_ratio": 4, "layer_norm_with_affine": True,
       "bias_for_layer_norm": False}
# model config, prefix of the names, and what it leaves as: a model_type, or a part of the refusal
VARIANTS = {
    "olmo": ({}, "", "olmo"),
    "clipped": ({"clip_qkv": 0.3}, "", "olmo"),
    "low precision": ({"layer_norm_type": "low_precision"}, "", "olmo"),
    "groups": ({"block_group_size": 2}, "_orig_mod.", "olmo"),
    "tied": ({"weight_tying": True, "multi_query_attention": True}, "module.", "olmo"),
    "hidden": ({"mlp_hidden_size": 128, "n_kv_heads": 2}, "module._orig_mod.", "olmo"),
    "olmo2": ({**OLMO2, "n_kv_heads": 2}, "", "olmo2"),
    "olmo2 tied": ({**OLMO2, "weight_tying": True, "block_group_size": 4}, "", "olmo2"),
    "llama": ({**RMS, "n_kv_heads": 1}, "", "llama"),
    "clipped llama": ({**RMS, "clip_qkv": 0.3}, "", "clip_qkv is 0.3"),
    "pre-norm": ({**OLMO2, "norm_after": False}, "", "norm_after is false"),
    "mpt": (MPT, "", "mpt"),
    "clipped mpt tied": ({**MPT, "clip_qkv": 0.3, "weight_tying": True, "block_group_size": 2}, "_orig_mod.", "mpt"),
    "mpt eps": ({**MPT, "layer_norm_eps": 1e-3}, "", "mpt"),
    "mpt groups": ({**MPT, "n_kv_heads": 2}, "", "n_kv_heads is 2"),
    "mpt slopes": ({**MPT, "alibi_bias_max": 4.0}, "", "alibi is true"),
    "mpt wider": ({**MPT, "mlp_ratio": 6}, "", "mlp_hidden_size is 192"),
    "alibi": ({"alibi": True, "rope": False}, "", "nearest is mpt, but activation_type is swiglu"),
    "biases": ({"include_bias": True}, "", "include_bias is true"),
    "gelu": ({"activation_type": "gelu"}, "", "activation_type is gelu"),
    "affine": ({"layer_norm_with_affine": True}, "", "layer_norm_type is default"),
    "eps": ({"layer_norm_eps": 1e-3}, "", "layer_norm_eps is 0.001"),
    "q norm": ({"attention_layer_norm": True}, "", "attention_layer_norm is true"),
    "norm after": ({"norm_after": True}, "", "norm_after is true"),
    "scaled": ({"scale_logits": True}, "", "scale_logits is true"),
    "embedding norm": ({"embedding_layer_norm": True}, "", "embedding_layer_norm is true"),
    "llama block": ({"block_type": "llama"}, "", "block_type is llama"),
}


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", VARIANTS)
def test_built_by_olmo(name, sparse, tmp_path):
    changes, prefix, want = VARIANTS[name]
    config = ModelConfig(**{**BASE, **changes})
    torch.manual_seed(7)
    model = OLMo(config, init_params=True).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    folder = tmp_path / "run" / "step7-unsharded"
    folder.mkdir(parents=True)
    torch.save({prefix + key: value for key, value in model.state_dict().items()}, folder / "model.pt")
    written = {key: getattr(value, "value", value) for key, value in config.asdict().items()}
    defaults = ModelConfig().asdict()
    if sparse:  # what equals a default may be left out
        written = {key: value for key, value in written.items() if value != defaults[key]}
    (folder / "config.yaml").write_text(yaml.safe_dump({"model": written}))
    done = cli.run("export", folder, cwd=tmp_path)
    if " is " in want:
        assert done.returncode == 1 and want in done.stderr, done.stderr
        assert not (tmp_path / "run-step7-hf").exists()
        return
    assert done.returncode == 0, done.stderr
    assert "without a tokenizer" in done.stderr
    exported = load(tmp_path / "run-step7-hf")
    assert exported.config.model_type == want
    if want == "mpt":
        logits.assert_near(exported, model, vocab=90)
    else:
        logits.assert_equal(exported, model, vocab=90)
