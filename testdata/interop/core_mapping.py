"""From a Hugging Face state dict to OLMo-core's, written on its own: the second opinion for --target olmo-core."""

import json
import re
from pathlib import Path

import torch

NORMS = {
    "post": {"post_attention_layernorm": "attention_norm", "post_feedforward_layernorm": "feed_forward_norm"},
    "pre": {"input_layernorm": "attention_norm", "post_attention_layernorm": "feed_forward_norm"},
    "peri": {
        "input_layernorm": "attention_norm", "post_attention_layernorm": "post_attention_norm",
        "pre_feedforward_layernorm": "feed_forward_norm", "post_feedforward_layernorm": "post_feed_forward_norm",
    },
}  # fmt: skip
KIND = {
    "olmo2": "post", "olmo3": "post", "flex_olmo": "post", "llama": "pre", "mistral": "pre", "qwen3": "pre",
    "olmoe": "pre", "gemma3_text": "peri", "olmo": "pre", "ministral": "pre", "cwm": "pre", "exaone4": "post",
    "smollm3": "pre", "gemma": "pre", "stablelm": "pre", "qwen3_moe": "pre", "mixtral": "pre",
}  # fmt: skip
PARTS = {
    "self_attn.q_proj": "attention.w_q", "self_attn.k_proj": "attention.w_k", "self_attn.v_proj": "attention.w_v",
    "self_attn.o_proj": "attention.w_out", "self_attn.q_norm": "attention.q_norm",
    "self_attn.k_norm": "attention.k_norm", "mlp.gate_proj": "feed_forward.w1", "mlp.down_proj": "feed_forward.w2",
    "mlp.up_proj": "feed_forward.w3",
}  # fmt: skip
TOP = {
    "model.embed_tokens.weight": "embeddings.weight", "model.norm.weight": "lm_head.norm.weight",
    "model.norm.bias": "lm_head.norm.bias", "lm_head.weight": "lm_head.w_out.weight",
}  # fmt: skip

PLUS_ONE = ("gemma", "gemma3_text")  # norms that multiply by 1 + weight
TIED = ("gemma", "gemma3_text", "smollm3")  # unless config.json says otherwise


def expected(folder: Path, state: dict, dtype: torch.dtype | None = None, kind: str = "dropless") -> dict:
    """OLMo-core's tensors of the model in folder; kind is how experts lie."""
    config = json.loads((folder / "config.json").read_text())
    family = config["model_type"]
    if family == "gemma3":
        own = "language_model."
        state = {name.removeprefix(own): tensor for name, tensor in state.items() if name.startswith(own)}
        config, family = config["text_config"] | {"tie_word_embeddings": config["tie_word_embeddings"]}, "gemma3_text"
    out, experts = {}, {}
    for name, tensor in state.items():
        if dtype is not None and "norm" not in name:
            tensor = tensor.to(dtype)
        if name in TOP:
            out[TOP[name]] = tensor
            continue
        layer, rest, last = re.fullmatch(r"model\.layers\.(\d+)\.(.*)\.(weight|bias)", name).groups()
        if found := re.fullmatch(r"(?:mlp|block_sparse_moe)\.experts\.(\d+)\.(gate_proj|down_proj|up_proj|w[123])", rest):
            experts.setdefault((layer, found[2]), {})[int(found[1])] = tensor
        elif rest in ("mlp.gate", "block_sparse_moe.gate"):
            out[f"blocks.{layer}.feed_forward_moe.router.weight"] = tensor.reshape(-1)
        else:
            out[f"blocks.{layer}.{(PARTS | NORMS[KIND[family]])[rest]}.{last}"] = tensor
    for (layer, part), matrices in experts.items():
        weight = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}.get(part, part)
        turned = weight == "w2" or kind == "default"
        rows = [matrices[e].t() if turned else matrices[e] for e in range(len(matrices))]
        out[f"blocks.{layer}.feed_forward_moe.experts.mlp.{weight}"] = torch.cat(rows).contiguous()
    for name, tensor in out.items():
        if "norm" in name and family in PLUS_ONE:
            out[name] = tensor.float() + 1.0
            if "q_norm" in name and config["query_pre_attn_scalar"] != config["head_dim"]:
                out[name] *= (config["head_dim"] / config["query_pre_attn_scalar"]) ** 0.5
        elif "norm" in name and dtype is not None:
            out[name] = tensor.to(dtype)
    if config.get("tie_word_embeddings", family in TIED):
        out["lm_head.w_out.weight"] = out["embeddings.weight"]
    return out
