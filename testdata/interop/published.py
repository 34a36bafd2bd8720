"""Published configs (testdata/realcfg): the tensors of such a model at its true shapes, and small models of the same kind."""

import dataclasses
import json
import os
import re
from pathlib import Path

import cli
import containers
import core_models
import mapping
import models
import torch
import transformers
from olmo.config import ModelConfig
from olmo.model import OLMo
from transformers import AutoConfig
from transformers.core_model_loading import revert_weight_conversion

TOWER = re.compile(r"(model\.)?(vision_tower|multi_modal_projector|visual)\.")  # which is left out
CONFIGS = cli.ROOT / "testdata" / "realcfg"
SHARD = 5 << 30  # as transformers 4 cut them
# Of classes that transformers does not have: those with the same tensors.
SAME_AS = {"Yi": "llama", "mimo": "qwen2"}


def expectations() -> dict:
    """What becomes of each config: {name: {target: "converts as FAMILY" or "refused: WHY"}}."""
    out = {}
    for line in (CONFIGS / "expected.txt").read_text().splitlines():
        name, target, becomes = line.split(" ", 2)
        out.setdefault(name, {})[target] = becomes
    return out


def read(name: str) -> dict:
    return json.loads((CONFIGS / f"{name}.json").read_text())


def model_of(config: dict, folder: Path, device: str):
    """The class that transformers has for a config.json, built on a device."""
    config = dict(config, model_type=SAME_AS.get(config["model_type"], config["model_type"]))
    config.pop("quantization_config", None)
    (folder / "config.json").write_text(json.dumps(config))
    loaded = AutoConfig.from_pretrained(folder)
    family = "ForConditionalGeneration" if "vision_config" in config else "ForCausalLM"
    architecture = next((name for name in config.get("architectures", []) if hasattr(transformers, name)), None)
    cls = getattr(transformers, architecture) if architecture and architecture.endswith(family) else None
    cls = cls or transformers.AutoModelForCausalLM._model_mapping[type(loaded)]
    with torch.device(device):
        return cls(loaded)


def shapes(name: str, folder: Path) -> dict:
    """Names and shapes of the tensors that the model's files have, by its own class and the names that this saves."""
    config = read(name)
    if mapping.is_hf_olmo(config):  # the packaging of hf_olmo
        known = ModelConfig.__dataclass_fields__
        native = ModelConfig(**{key: value for key, value in config.items() if key in known})
        state = OLMo(native.update_with(init_device="meta"), init_params=False).state_dict()
        return {f"model.{key}": list(tensor.shape) for key, tensor in state.items()}
    model = model_of(config, folder, "meta")
    hybrid = config["model_type"] == "olmo_hybrid"
    state = core_models.hybrid_tensors(model, "published") if hybrid else revert_weight_conversion(model, model.state_dict())
    tied = model.config.tie_word_embeddings
    return {key: list(tensor.shape) for key, tensor in state.items() if not (tied and key.endswith("lm_head.weight"))}


def write_sparse(tensors: dict, folder: Path) -> None:
    """Shards of safetensors that take no room: headers before zeros, and the index."""
    shards, room = [{}], SHARD
    for name, shape in tensors.items():
        size = 2 * torch.Size(shape).numel()
        if size > room and shards[-1]:
            shards.append({})
            room = SHARD
        shards[-1][name], room = size, room - size
    where = {}
    for number, sizes in enumerate(shards, 1):
        file = folder / f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        header, end = {}, 0
        for name, size in sizes.items():
            header[name] = {"dtype": "BF16", "shape": tensors[name], "data_offsets": [end, end + size]}
            end, where[name] = end + size, file.name
        text = json.dumps(header).encode()
        file.write_bytes(len(text).to_bytes(8, "little") + text)
        os.truncate(file, 8 + len(text) + end)
    index = {"metadata": {"total_size": sum(map(sum, (sizes.values() for sizes in shards)))}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


# What is divided, so that 200 tokens are more than a window, and more than the positions from which rope is scaled.
POSITIONS = 128
HEAD = 8
LAYERS = 7  # a whole pattern of windows and one more
VOCABULARY = 384


def shrunk(config: dict) -> dict:
    """A small config.json of the same kind: with the same spelling, ratios, patterns, rope and ties."""
    if "text_config" in config:
        inner = {"model_type": config["text_config"]["model_type"], **config["text_config"]}
        vision = dict(config["vision_config"], hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2,
                      image_size=28, patch_size=14)  # fmt: skip
        tokens = {key: min(value, VOCABULARY - 1) for key, value in config.items() if key.endswith("_token_index")}
        text = shrunk(inner)
        if "depth" in vision:  # of Qwen
            vision |= dict(depth=1, num_heads=2, num_position_embeddings=16, out_hidden_size=text["hidden_size"])
        return {**config, **tokens, "mm_tokens_per_image": 4, "text_config": text, "vision_config": vision}
    native = "d_model" in config
    known = config if native else {**defaults(config["model_type"]), **config}
    small = dict(config)
    width, heads, layers = ("d_model", "n_heads", "n_layers") if native else (
        "hidden_size", "num_attention_heads", "num_hidden_layers")  # fmt: skip
    kv = known.get("num_key_value_heads") or known[heads]
    group = known[heads] // kv
    small[heads] = group * (1 if group > 4 else 2) if group > 1 else 4
    if "num_key_value_heads" in known and known["num_key_value_heads"]:
        small["num_key_value_heads"] = small[heads] // group
    head = known.get("head_dim") or known[width] // known[heads]
    if known.get("head_dim"):
        small["head_dim"] = head // HEAD
    for name in ("linear_num_key_heads", "linear_num_value_heads"):
        if name in config:
            small[name] = config[name] * small[heads] // config[heads]
    for name in ("linear_key_head_dim", "linear_value_head_dim"):
        if name in config:
            small[name] = config[name] // HEAD
    small[width] = small[heads] * (head // HEAD) * known[width] // (known[heads] * head)
    for name in ("intermediate_size", "moe_intermediate_size"):
        if name in known and known[name]:
            small[name] = known[name] * small[width] // known[width]
    if known.get("linear_num_key_heads"):  # a gated delta net
        ratio = known["linear_num_value_heads"] // known["linear_num_key_heads"]
        small["linear_num_key_heads"], small["linear_num_value_heads"] = 2, 2 * ratio
        small["linear_key_head_dim"] = known["linear_key_head_dim"] // HEAD
        small["linear_value_head_dim"] = known["linear_value_head_dim"] // HEAD
    if known.get("query_pre_attn_scalar"):
        small["query_pre_attn_scalar"] = known["query_pre_attn_scalar"] // HEAD
    experts = next((name for name in ("num_experts", "num_local_experts") if config.get(name)), None)
    small[layers] = min(2 if experts else LAYERS, known[layers])  # experts are computed slowly
    for name in ("layer_types", "no_rope_layers"):
        if config.get(name):
            small[name] = config[name][: small[layers]]
    if known.get("max_window_layers"):
        small["max_window_layers"] = min(small[layers], known["max_window_layers"])
    if experts and config[experts] > 8:
        small[experts], small["num_experts_per_tok"] = 8, 2
    small["vocab_size"] = VOCABULARY + known["vocab_size"] % 128  # as it was padded
    if "embedding_size" in config:
        small["embedding_size"] = VOCABULARY + 128
    for name, ids in config.items():
        if name.endswith("_token_id") and ids is not None:
            small[name] = [id % VOCABULARY for id in ids] if isinstance(ids, list) else min(ids, ids % VOCABULARY)
    return near(small)


def defaults(model_type: str) -> dict:
    """What transformers takes for fields that a config.json leaves out."""
    config = type(AutoConfig.for_model(model_type))
    return {field.name: field.default for field in dataclasses.fields(config) if field.default is not dataclasses.MISSING}


def near(value, name: str = ""):
    """The same with positions that are divided."""
    if isinstance(value, dict):
        return {key: near(inner, key) for key, inner in value.items()}
    if isinstance(value, int) and name in ("original_max_position_embeddings", "sliding_window"):
        return value // POSITIONS
    if isinstance(value, int) and name.startswith("max_") and name.rsplit("_", 1)[0] != "max_window":
        return max(value // POSITIONS, min(value, 256)) if "position" in name or "seq" in name else value
    return value


def write(name: str, folder: Path, seed: int = 11) -> Path:
    """A small model of the same kind, with random weights, as people have it."""
    config = shrunk(read(name))
    folder.mkdir(parents=True)
    if mapping.is_hf_olmo(config):
        model = models.build("hf_olmo", seed, **config)
        containers.write(model, folder, "bin", tokenizer=False)
    else:
        model = model_of(config, folder, "cpu")
        models.randomize(model, seed)
        if "gemma" in config["model_type"]:  # its norms multiply by 1 + weight
            with torch.no_grad():
                for parameter in model.parameters():
                    if parameter.dim() == 1:
                        parameter.sub_(1.0)
        if "qwen3_5" in config["model_type"]:  # the same, but for the norm in a gated delta net
            with torch.no_grad():
                for key, parameter in model.named_parameters():
                    if key.endswith("norm.weight") and "linear_attn" not in key and "visual" not in key:
                        parameter.sub_(1.0)
        containers.write(model, folder, "safetensors", tokenizer=False)
        if config["model_type"] == "olmo_hybrid":
            core_models.rename_hybrid(model, folder / "model.safetensors", "published")
    (folder / "config.json").write_text(json.dumps(config))
    return folder
