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
    "four": {
        "input_layernorm": "attention_norm", "post_self_attn_layernorm": "post_attention_norm",
        "post_attention_layernorm": "feed_forward_norm", "post_mlp_layernorm": "post_feed_forward_norm",
    },
    "clova": {
        "input_layernorm": "attention_norm", "post_norm1": "post_attention_norm",
        "post_attention_layernorm": "feed_forward_norm", "post_norm2": "post_feed_forward_norm",
    },
}  # fmt: skip
KIND = {
    "olmo2": "post", "olmo3": "post", "flex_olmo": "post", "llama": "pre", "mistral": "pre", "qwen3": "pre",
    "olmoe": "pre", "gemma3_text": "peri", "olmo": "pre", "ministral": "pre", "cwm": "pre", "exaone4": "post",
    "smollm3": "pre", "gemma": "pre", "qwen2": "pre", "seed_oss": "pre", "phi3": "pre", "granite": "pre",
    "granite_swa": "pre", "helium": "pre", "mimo": "pre", "ministral3": "pre", "hyperclovax": "clova", "internlm3": "pre", "iquestcoder": "pre",
    "glm4": "four", "glm": "pre", "ernie4_5": "pre", "stablelm": "pre", "qwen3_moe": "pre", "mellum": "pre", "dots1": "pre", "glm4_moe": "pre",
    "mixtral": "pre",
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

# Models around others: the family of that, how its names begin, and what stands in the place of that.
INSIDE = {
    "gemma3": ("gemma3_text", "language_model.", ""), "emu3": ("llama", "text_model.", ""),
    "got_ocr2": ("qwen2", "language_model.", ""),
    "moss_transcribe_diarize": ("qwen3", "model.language_model.", "model."),
}  # fmt: skip
PLUS_ONE = ("gemma", "gemma3_text")  # norms that multiply by 1 + weight
TIED = ("ernie4_5", "gemma", "gemma3_text", "smollm3")  # unless config.json says otherwise


def as_llama(config: dict, state: dict, dtype: torch.dtype | None) -> dict:
    """The tensors as Llama would have them: q, k, v, gate and up apart, rope in halves, every factor in the weights."""
    family, out = config["model_type"], {}
    heads, width = config["num_attention_heads"], config["hidden_size"]
    head = config.get("head_dim") or width // heads
    kv = head * (config.get("num_key_value_heads") or heads)
    rotated = {"glm": head // 2, "glm4": head // 2, "ernie4_5": head, "helium": head}.get(family, 0)
    factors = {}
    if family in ("dots1", "glm4_moe"):  # OLMo-core takes the mean of the shared expert and those chosen
        chosen = config["num_experts_per_tok"]
        factors = {"shared_experts.down_proj": chosen + 1,
                   "experts.": config["routed_scaling_factor"] * (chosen + 1) / chosen}  # fmt: skip
    if family in ("granite", "granite_swa"):
        factors = {"q_proj": config["attention_multiplier"] * head**0.5, "model.norm": 1 / config["logits_scaling"]}
    if family == "hyperclovax":
        factor = config["attention_multiplier"] * head**0.5
        factors = {"q_proj": factor, "model.norm": config["logits_scaling"]}
    for name, tensor in state.items():
        if "qkv_proj" in name:
            for part, rows in zip("qkv", tensor.split([tensor.shape[0] - 2 * kv, kv, kv])):
                out[name.replace("qkv_proj", f"{part}_proj")] = rows
        elif "gate_up_proj" in name:
            for part, rows in zip(("gate", "up"), tensor.chunk(2)):
                out[name.replace("gate_up_proj", f"{part}_proj")] = rows
        elif rotated and re.search(r"[qk]_proj", name):
            order = [*range(0, rotated, 2), *range(1, rotated, 2), *range(rotated, head)]
            out[name] = tensor.unflatten(0, (-1, head))[:, order].flatten(0, 1)
        else:
            factor = next((f for part, f in factors.items() if part in name), None)
            if "experts." in name and "down_proj" not in name:
                factor = None
            out[name] = tensor if factor is None else (tensor.float() * torch.tensor(factor)).to(dtype or tensor.dtype)
        if name.endswith("q_proj.bias") and name.replace("q_proj", "o_proj") not in state:
            out[name.replace("q_proj", "o_proj")] = torch.zeros(width, dtype=tensor.dtype)
    return out


def of_hf_olmo(config: dict, state: dict, dtype: torch.dtype | None) -> dict:
    """The same of a model in the packaging of hf_olmo."""
    names = {"attn_norm": "attention_norm", "ff_norm": "feed_forward_norm", "attn_out": "attention.w_out",
             "q_norm": "attention.q_norm", "k_norm": "attention.k_norm", "ff_out": "feed_forward.w2"}  # fmt: skip
    top = {"wte": "embeddings", "ln_f": "lm_head.norm", "ff_out": "lm_head.w_out"}
    width, out = config["d_model"], {}
    for name, tensor in state.items():
        *layer, part, last = name.removeprefix("model.transformer.").split(".")
        block = "".join(f"{word}." for word in layer)
        if part == "att_proj":
            kv = (tensor.shape[0] - width) // 2
            parts = dict(zip(("attention.w_q", "attention.w_k", "attention.w_v"), tensor.split([width, kv, kv])))
        elif part == "ff_proj":
            parts = dict(zip(("feed_forward.w3", "feed_forward.w1"), tensor.chunk(2)))
        else:
            parts = {(names if layer else top)[part]: tensor}
        out |= {f"{block}{new}.{last}": rows.to(dtype or rows.dtype).contiguous() for new, rows in parts.items()}
    if config["weight_tying"]:
        out["lm_head.w_out.weight"] = out["embeddings.weight"]
    return out


def of_hybrid(config: dict, state: dict, dtype: torch.dtype | None) -> dict:
    """The same of an Olmo-Hybrid, whatever its tensors are called."""
    key = config["linear_num_key_heads"] * config["linear_key_head_dim"]
    value = config["linear_num_value_heads"] * config["linear_value_head_dim"]
    names = {"a_proj": "w_a", "b_proj": "w_b", "g_proj": "w_g", "q_proj": "w_q", "k_proj": "w_k", "v_proj": "w_v",
             "o_proj": "w_out"}  # fmt: skip
    norms = {
        "linear_attention": ("input_layernorm|attention_layer_norm", "post_attention_layernorm|feedforward_layer_norm"),
        "full_attention": ("post_attention_layernorm|feedforward_layer_norm", "post_feedforward_layernorm"),
    }  # fmt: skip
    out, convolutions = {}, {}
    for name, tensor in state.items():
        tensor = tensor.to(dtype or tensor.dtype)
        if name in TOP:
            out[TOP[name]] = tensor
            continue
        layer, rest = re.fullmatch(r"model\.layers\.(\d+)\.(.*)", name).groups()
        block, (first, second) = f"blocks.{layer}.", norms[config["layer_types"][int(layer)]]
        if "conv1d" in rest:
            convolutions.setdefault(block, {})[rest] = tensor
        elif re.fullmatch(rf"({first})\.weight", rest):
            out[f"{block}attention_norm.weight"] = tensor
        elif re.fullmatch(rf"({second})\.weight", rest):
            out[f"{block}feed_forward_norm.weight"] = tensor
        elif rest.startswith("mlp."):
            out[block + PARTS[rest.removesuffix(".weight")] + ".weight"] = tensor
        else:
            _, part, *last = rest.split(".")
            out[".".join([f"{block}attention", names.get(part, part), *last])] = tensor
    for block, parts in convolutions.items():
        whole = torch.cat([parts[name] for name in sorted(parts, key=lambda name: "qkv".find(name.split(".")[1][0]))])
        for part, rows in zip("qkv", whole.split([key, key, value])):
            out[f"{block}attention.{part}_conv1d.weight"] = rows.contiguous()
    if config["tie_word_embeddings"]:
        out["lm_head.w_out.weight"] = out["embeddings.weight"]
    return out


def of_qwen3_5(config: dict, state: dict, dtype: torch.dtype | None) -> dict:
    """The same of a Qwen3.5: in the names of Olmo-Hybrid, with q and gates apart and 1 added to norms."""
    key = config["linear_num_key_heads"] * config["linear_key_head_dim"]
    value = config["linear_num_value_heads"] * config["linear_value_head_dim"]
    head, out = config["head_dim"], {}
    names = {"in_proj_z": "g_proj", "in_proj_a": "a_proj", "in_proj_b": "b_proj", "out_proj": "o_proj"}
    for name, tensor in state.items():
        part = name.split(".")[-2]
        if part == "in_proj_qkv":
            for one, rows in zip("qkv", tensor.split([key, key, value])):
                out[name.replace(part, f"{one}_proj")] = rows.contiguous()
        elif name.endswith("self_attn.q_proj.weight"):
            both = tensor.unflatten(0, (-1, 2, head))
            out[name] = both[:, 0].flatten(0, 1)
            out[name.replace("q_proj", "g_proj")] = both[:, 1].flatten(0, 1)
        elif "linear_attn.norm" in name:
            out[name.replace(".norm.", ".o_norm.")] = tensor
        elif "norm" in name:
            out[name] = tensor.float() + 1.0
        else:
            out[name.replace(part, names.get(part, part))] = tensor
    swapped = {}
    for name, tensor in out.items():  # norms are before attention and MLP on all layers
        layer = int(name.split(".")[2]) if ".layers." in name else 0
        if config["layer_types"][layer] == "full_attention":
            name = name.replace("post_attention_layernorm", "post_feedforward_layernorm")
            name = name.replace("input_layernorm", "post_attention_layernorm")
        swapped[name] = tensor
    kept = {name for name in swapped if "norm" in name and "o_norm" not in name}
    found = of_hybrid(config, {name: t.to(t.dtype if name in kept else dtype or t.dtype) for name, t in swapped.items()}, None)
    return found


def expected(folder: Path, state: dict, dtype: torch.dtype | None = None, kind: str = "dropless") -> dict:
    """OLMo-core's tensors of the model in folder; kind is how experts lie."""
    config = json.loads((folder / "config.json").read_text())
    family = config["model_type"]
    if "d_model" in config:
        return of_hf_olmo(config, state, dtype)
    if family == "qwen3_5":
        own = "model.language_model."
        state = {n.replace(own, "model."): t for n, t in state.items() if n.startswith(own) or n.startswith("lm_head")}
        config, family = config["text_config"] | {"tie_word_embeddings": config["tie_word_embeddings"]}, "qwen3_5_text"
    if family == "qwen3_5_text":
        return of_qwen3_5(config, state, dtype)
    if family == "olmo_hybrid":
        return of_hybrid(config, state, dtype)
    if family in INSIDE:
        family, own, named = INSIDE[family]
        state = {named + name.removeprefix(own): tensor for name, tensor in state.items() if name.startswith(own)}
        tied = config.get("tie_word_embeddings", True)
        config = config["text_config"] | {"tie_word_embeddings": tied, "model_type": family}
    state = {name: tensor for name, tensor in state.items() if not name.startswith("model.mtp_layers.")}
    out, experts = {}, {}
    state = as_llama(config, state, dtype)
    for name, tensor in state.items():
        if dtype is not None and "norm" not in name:
            tensor = tensor.to(dtype)
        if name in TOP:
            out[TOP[name]] = tensor
            continue
        if found := re.fullmatch(r"model\.layers\.(\d+)\.self_attn\.sinks", name):
            out[f"blocks.{found[1]}.attention.sinks"] = tensor
            continue
        if name.endswith("mlp.gate.e_score_correction_bias"):
            out[f"blocks.{name.split('.')[2]}.feed_forward_moe.router.score_bias"] = tensor.float()
            continue
        layer, rest, last = re.fullmatch(r"model\.layers\.(\d+)\.(.*)\.(weight|bias)", name).groups()
        if found := re.fullmatch(r"(?:mlp|block_sparse_moe)\.experts\.(\d+)\.(gate_proj|down_proj|up_proj|w[123])", rest):
            experts.setdefault((layer, found[2]), {})[int(found[1])] = tensor
        elif rest in ("mlp.gate", "block_sparse_moe.gate"):
            out[f"blocks.{layer}.feed_forward_moe.router.weight"] = tensor.reshape(-1)
        elif rest.startswith("mlp.shared_experts."):
            part = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}[rest.split(".")[-1]]
            out[f"blocks.{layer}.feed_forward_moe.shared_mlp.{part}.weight"] = tensor
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
