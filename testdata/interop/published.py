"""Published configs (testdata/realcfg): the tensors of such a model at its true shapes, and small models of the same kind."""

import json
import os
from pathlib import Path

import cli
import torch
import transformers
from hf_olmo import OLMoConfig
from olmo.config import ModelConfig
from olmo.model import OLMo
from transformers import AutoConfig
from transformers.core_model_loading import revert_weight_conversion

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


def model_of(config: dict, folder: Path):
    """The class that transformers has for a config.json, without weights."""
    config = dict(config, model_type=SAME_AS.get(config["model_type"], config["model_type"]))
    config.pop("quantization_config", None)
    (folder / "config.json").write_text(json.dumps(config))
    loaded = AutoConfig.from_pretrained(folder)
    family = "ForConditionalGeneration" if "vision_config" in config else "ForCausalLM"
    architecture = next((name for name in config.get("architectures", []) if hasattr(transformers, name)), None)
    cls = getattr(transformers, architecture) if architecture and architecture.endswith(family) else None
    cls = cls or transformers.AutoModelForCausalLM._model_mapping[type(loaded)]
    with torch.device("meta"):
        return cls(loaded)


def shapes(name: str, folder: Path) -> dict:
    """Names and shapes of the tensors that the model's files have, by its own class and the names that this saves."""
    config = read(name)
    if "d_model" in config and config["model_type"] != "mpt":  # the packaging of hf_olmo
        known = ModelConfig.__dataclass_fields__
        native = ModelConfig(**{key: value for key, value in config.items() if key in known})
        state = OLMo(native.update_with(init_device="meta"), init_params=False).state_dict()
        return {f"model.{key}": list(tensor.shape) for key, tensor in state.items()}
    model = model_of(config, folder)
    state = revert_weight_conversion(model, model.state_dict())
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
