"""From a Hugging Face state dict to OLMo's, written on its own.

This is the second opinion that hf2olmo is compared with. It shares nothing with the Go code: it works on
whole tensors with torch.cat, reads config.json through the real config classes, and is itself tested against
the real OLMo class (strict keys, logits equal to the last bit) wherever it is used.
"""

import hashlib
import json
from dataclasses import fields
from pathlib import Path

import tokenizers
import torch
from olmo.config import ModelConfig
from olmo.model import OLMo
from transformers import AutoConfig

# What decides a model's computation, and so must be in config.yaml with exactly these values.
# Null values that mean the value of another field are resolved here (see resolved).
COMPARED = [
    "d_model", "n_heads", "n_kv_heads", "clip_qkv", "n_layers", "mlp_hidden_size", "activation_type", "block_type",
    "block_group_size", "alibi", "alibi_bias_max", "rope", "rope_full_precision", "rope_theta", "attention_dropout",
    "attention_layer_norm", "residual_dropout", "embedding_dropout", "embedding_layer_norm", "layer_norm_type",
    "layer_norm_with_affine", "layer_norm_eps", "attention_layer_norm_with_affine", "max_sequence_length",
    "include_bias", "bias_for_layer_norm", "scale_logits", "vocab_size", "embedding_size", "weight_tying",
    "eos_token_id", "pad_token_id", "norm_after",
]  # fmt: skip


def is_hf_olmo(config: dict) -> bool:
    """Whether config.json is OLMo's own ModelConfig (the old hf_olmo packaging) and not transformers'."""
    return "d_model" in config and config["model_type"] != "mpt"


def native_config(source: Path) -> ModelConfig:
    """The OLMo model section for the model in the folder source."""
    raw = json.loads((source / "config.json").read_text())
    if is_hf_olmo(raw):
        known = {field.name for field in fields(ModelConfig)}
        config = ModelConfig.new(**{key: value for key, value in raw.items() if key in known})
    else:
        hf = AutoConfig.from_pretrained(source)
        generation = source / "generation_config.json"
        ids = json.loads(generation.read_text()) if generation.exists() else {}
        eos = _first(hf.eos_token_id, ids.get("eos_token_id"))
        config = _from_transformers(hf, eos, _first(hf.pad_token_id, ids.get("pad_token_id"), _pad(source), eos))
    tokenizer = source / "tokenizer.json"
    if tokenizer.exists():
        config.vocab_size = tokenizers.Tokenizer.from_file(str(tokenizer)).get_vocab_size()
    return config


def _pad(source: Path) -> int | None:
    """The id of the tokenizer's own token for padding: the one that its files name, else the one that is called so."""
    if not (source / "tokenizer.json").exists():
        return None
    tokenizer = tokenizers.Tokenizer.from_file(str(source / "tokenizer.json"))
    names = ["<pad>", "<|pad|>", "<|padding|>", "<|finetune_right_pad_id|>"]
    for file in ("special_tokens_map.json", "tokenizer_config.json"):
        if (source / file).exists():
            token = json.loads((source / file).read_text()).get("pad_token")
            names.insert(0, token["content"] if isinstance(token, dict) else token)
    found = [tokenizer.token_to_id(name) for name in names if name]
    return next((id for id in found if id is not None), None)


def _first(*ids) -> int:
    """The first id that is there; of several, the first."""
    found = next(id for id in ids if id not in (None, []))
    return found[0] if isinstance(found, list) else found


def _from_transformers(hf, eos: int, pad: int) -> ModelConfig:
    if hf.model_type == "mpt":
        return _from_mpt(hf, eos, pad)
    assert hf.hidden_act == "silu" and hf.rope_parameters["rope_type"] == "default"
    assert getattr(hf, "sliding_window", None) is None
    plain_norm = hf.model_type == "olmo"  # LayerNorm without weight or bias, its epsilon fixed in the code
    theta = hf.rope_parameters["rope_theta"]
    assert theta == int(theta)
    return ModelConfig.new(
        d_model=hf.hidden_size,
        n_heads=hf.num_attention_heads,
        n_kv_heads=hf.num_key_value_heads,
        clip_qkv=getattr(hf, "clip_qkv", None),
        n_layers=hf.num_hidden_layers,
        mlp_hidden_size=2 * hf.intermediate_size,
        activation_type="swiglu",
        rope=True,
        rope_theta=int(theta),
        attention_dropout=hf.attention_dropout,
        residual_dropout=0.0,
        embedding_dropout=0.0,
        layer_norm_type="default" if plain_norm else "rms",
        layer_norm_with_affine=not plain_norm,
        layer_norm_eps=1e-5 if plain_norm else hf.rms_norm_eps,
        attention_layer_norm=hf.model_type == "olmo2",
        attention_layer_norm_with_affine=hf.model_type == "olmo2",
        norm_after=hf.model_type == "olmo2",
        max_sequence_length=hf.max_position_embeddings,
        include_bias=False,
        bias_for_layer_norm=False,
        vocab_size=hf.vocab_size,
        embedding_size=hf.vocab_size,
        weight_tying=hf.tie_word_embeddings,
        eos_token_id=eos,
        pad_token_id=pad,
    )


def _from_mpt(hf, eos: int, pad: int) -> ModelConfig:
    return ModelConfig.new(
        d_model=hf.d_model, n_heads=hf.n_heads, n_kv_heads=hf.n_heads, clip_qkv=hf.attn_config.clip_qkv, n_layers=hf.n_layers,
        mlp_hidden_size=4 * hf.d_model, activation_type="gelu", alibi=True, rope=False, layer_norm_type="default",
        attention_dropout=0.0, residual_dropout=0.0, embedding_dropout=0.0, attention_layer_norm_with_affine=False,
        layer_norm_eps=hf.layer_norm_epsilon, max_sequence_length=hf.max_seq_len, include_bias=False,
        bias_for_layer_norm=False, vocab_size=hf.vocab_size, embedding_size=hf.vocab_size,
        weight_tying=hf.tie_word_embeddings, eos_token_id=eos, pad_token_id=pad,
    )  # fmt: skip


def resolved(config: ModelConfig) -> dict:
    """The compared fields, with nulls that mean another field's value replaced by it."""
    out = {name: getattr(config, name) for name in COMPARED}
    out["n_kv_heads"] = config.effective_n_kv_heads
    out["mlp_hidden_size"] = config.mlp_hidden_size or config.mlp_ratio * config.d_model
    out["embedding_size"] = config.embedding_size or config.vocab_size
    if config.bias_for_layer_norm is None:
        out["bias_for_layer_norm"] = config.include_bias
    return {key: str(value) if isinstance(value, str) else value for key, value in out.items()}


def native_tensors(source: Path, state: dict) -> dict:
    """OLMo's state dict from the source's; every source tensor must be used or be known to be derived."""
    raw = json.loads((source / "config.json").read_text())
    state = {name: tensor.detach() for name, tensor in state.items()}
    if is_hf_olmo(raw):
        return {name.removeprefix("model."): tensor.contiguous() for name, tensor in state.items()}
    if raw["model_type"] == "mpt":
        return _mpt_tensors(raw, state)
    olmo2 = raw["model_type"] == "olmo2"
    state = {name: tensor for name, tensor in state.items() if not name.endswith("rotary_emb.inv_freq")}
    out = {"transformer.wte.weight": state.pop("model.embed_tokens.weight")}
    head = state.pop("lm_head.weight", None)
    if raw.get("tie_word_embeddings"):
        assert head is None or torch.equal(head, out["transformer.wte.weight"])
    else:
        out["transformer.ff_out.weight"] = head
    if "model.norm.weight" in state:
        out["transformer.ln_f.weight"] = state.pop("model.norm.weight")
    for layer in range(raw["num_hidden_layers"]):
        here, there = f"model.layers.{layer}.", f"transformer.blocks.{layer}."

        def take(*names):
            return torch.cat([state.pop(f"{here}{name}.weight") for name in names])

        if raw["model_type"] == "phi3":
            out[there + "att_proj.weight"] = take("self_attn.qkv_proj")
            gate, up = take("mlp.gate_up_proj").chunk(2)
            out[there + "ff_proj.weight"] = torch.cat([up, gate])
        else:
            out[there + "att_proj.weight"] = take("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
            out[there + "ff_proj.weight"] = take("mlp.up_proj", "mlp.gate_proj")
        out[there + "attn_out.weight"] = take("self_attn.o_proj")
        out[there + "ff_out.weight"] = take("mlp.down_proj")
        if olmo2:
            out[there + "q_norm.weight"] = take("self_attn.q_norm")
            out[there + "k_norm.weight"] = take("self_attn.k_norm")
            out[there + "attn_norm.weight"] = take("post_attention_layernorm")
            out[there + "ff_norm.weight"] = take("post_feedforward_layernorm")
        elif raw["model_type"] != "olmo":
            out[there + "attn_norm.weight"] = take("input_layernorm")
            out[there + "ff_norm.weight"] = take("post_attention_layernorm")
    assert not state, f"left over: {sorted(state)}"
    return {name: tensor.contiguous() for name, tensor in out.items()}


def _mpt_tensors(raw: dict, state: dict) -> dict:
    parts = {
        "norm_1": "attn_norm", "attn.Wqkv": "att_proj", "attn.out_proj": "attn_out", "norm_2": "ff_norm",
        "ffn.up_proj": "ff_proj", "ffn.down_proj": "ff_out", "norm_f": "ln_f",
    }  # fmt: skip
    out = {}
    for name, tensor in state.items():
        if name == "lm_head.weight":
            name = "transformer.ff_out.weight"
        else:
            for old, new in parts.items():
                name = name.replace(f".{old}.", f".{new}.")
        out[name] = tensor.contiguous()
    if raw["tie_word_embeddings"]:
        out.pop("transformer.ff_out.weight", None)
    return out


def raw_bytes(tensor: torch.Tensor) -> bytes:
    """The tensor's little-endian bytes, row by row."""
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def fingerprints(tensors: dict) -> dict:
    """Dtype, shape and a hash of the bytes of every tensor, in sorted order."""
    return {
        name: {
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "shape": list(tensor.shape),
            "sha256": hashlib.sha256(raw_bytes(tensor)).hexdigest(),
        }
        for name, tensor in sorted(tensors.items())
    }


def load_native(config: ModelConfig, tensors: dict) -> OLMo:
    """The real OLMo with exactly these tensors, in float32."""
    with torch.device("cpu"):
        model = OLMo(config.update_with(init_device="cpu"), init_params=False)
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=True)
    return model.eval()
