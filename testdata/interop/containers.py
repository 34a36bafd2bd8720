"""Writes a model into a folder in each of the ways in which people have it, and reads it back."""

import json
from collections import OrderedDict
from pathlib import Path

import torch
from hf_olmo import OLMoConfig
from models import CLASSES
from safetensors.torch import load_file
from tokenizer import train
from transformers import AutoModelForCausalLM

SAFETENSORS = ["safetensors", "safetensors-sharded"]
TORCH = [
    "bin", "bin-sharded", "bin-legacy", "bin-legacy-sharded", "dict", "parameters", "views", "strided", "shared",
]  # fmt: skip
ALL = SAFETENSORS + TORCH


def write(model, folder: Path, container: str, dtype=torch.float32, dialect: int = 5, tokenizer: bool = True) -> Path:
    """Write model, config.json and tokenizer.json; dialect is the transformers version that config.json is like.

    The containers "strided" and "shared" need equal values in some tensors, and so change the model first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.to(dtype)
    if container == "strided":
        _make_norms_constant(model)
    if container == "shared":
        _share_first_layer(model)
    if container == "safetensors":
        model.save_pretrained(folder)
    elif container == "safetensors-sharded":
        size = sum(p.numel() * p.element_size() for p in model.parameters())
        model.save_pretrained(folder, max_shard_size=int(size / 2.2))
        assert (folder / "model.safetensors.index.json").exists()
    else:
        model.config.architectures = [type(model).__name__]
        model.config.dtype = dtype
        model.config.save_pretrained(folder)
        _write_torch(model, folder, container)
    if dialect == 4:
        rewrite_config_as_v4(folder)
    if tokenizer:
        train().save(str(folder / "tokenizer.json"))
    return folder


def _write_torch(model, folder: Path, container: str) -> None:
    state = model.state_dict()
    assert isinstance(state, OrderedDict) and state._metadata
    if container.endswith("-sharded"):
        return save_shards(state, folder, zipped="legacy" not in container)
    if container == "dict":
        state = dict(state)
    elif container == "parameters":
        state = OrderedDict((name, torch.nn.Parameter(tensor)) for name, tensor in state.items())
    elif container == "views":
        state = _as_views(state)
    elif container == "strided":
        state = _as_strided(state)
    save_torch(state, folder / "pytorch_model.bin", zipped=container != "bin-legacy")


def save_torch(state, path: Path, zipped: bool = True) -> None:
    """torch.save in the zip format or in the older one without."""
    torch.save(state, path, _use_new_zipfile_serialization=zipped)


def save_shards(state, folder: Path, zipped: bool = True, shards: int = 3) -> None:
    """pytorch_model-0000x-of-0000n.bin and the index, as transformers 4 wrote them."""
    names = list(state)
    weight_map, total = {}, 0
    for shard in range(shards):
        part = OrderedDict((name, state[name].clone()) for name in names[shard::shards])
        file = f"pytorch_model-{shard + 1:05d}-of-{shards:05d}.bin"
        save_torch(part, folder / file, zipped)
        weight_map.update(dict.fromkeys(part, file))
        total += sum(tensor.numel() * tensor.element_size() for tensor in part.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2) + "\n")


def _as_views(state) -> OrderedDict:
    """All tensors of equal dtype as views with offsets into one storage, with a gap before each."""
    gap = 3
    dtype = next(iter(state.values())).dtype
    total = sum(tensor.numel() + gap for tensor in state.values())
    storage = torch.full((total,), float("nan"), dtype=dtype)
    out, offset = OrderedDict(), 0
    for name, tensor in state.items():
        offset += gap
        view = storage[offset : offset + tensor.numel()].view(tensor.shape)
        view.copy_(tensor)
        out[name], offset = view, offset + tensor.numel()
    return out


def _as_strided(state) -> OrderedDict:
    """Matrices as transposed views, constant vectors as stride-0 expansions of one element."""
    out = OrderedDict()
    for name, tensor in state.items():
        if tensor.dim() == 2:
            out[name] = tensor.t().contiguous().t()
        elif torch.equal(tensor, tensor[:1].expand_as(tensor)):
            out[name] = tensor[:1].clone().expand_as(tensor)
        else:
            out[name] = torch.stack([tensor, tensor + 1], dim=1)[:, 0]  # every other element
    return out


def _make_norms_constant(model) -> None:
    with torch.no_grad():
        for number, (name, parameter) in enumerate(model.named_parameters()):
            if parameter.dim() == 1 and "norm" in name:
                parameter.fill_(0.75 + number / 64)


def _share_first_layer(model) -> None:
    """Let the last layer use the first one's very parameters, so that storages are shared in the file."""
    transformer = getattr(model.model, "transformer", None)
    if transformer is None:
        layers = model.model.layers
    elif "blocks" in transformer:
        layers = transformer.blocks
    else:
        layers = [block for group in transformer.block_groups for block in group]
    for name, module in layers[0].named_modules():
        for key, parameter in module.named_parameters(recurse=False):
            setattr(layers[-1].get_submodule(name), key, parameter)


def rewrite_config_as_v4(folder: Path) -> None:
    """config.json as transformers 4 wrote it: torch_dtype, rope_theta and rope_scaling at the top level."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.46.3"
    rope = config.pop("rope_parameters", None)
    if rope is not None:
        config |= {"rope_theta": rope["rope_theta"], "rope_scaling": None}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def read(folder: Path) -> dict:
    """The state dict, by the real readers."""
    state = {}
    for path in sorted(folder.glob("*.safetensors")):
        state.update(load_file(path))
    for path in sorted(folder.glob("pytorch_model*.bin")):
        state.update(torch.load(path, weights_only=True, map_location="cpu"))
    assert state, f"no weights in {folder}"
    return state


def reference(folder: Path):
    """The source model as its own library loads it from the folder, in float32."""
    config = json.loads((folder / "config.json").read_text())
    if "d_model" not in config or config["model_type"] == "mpt":
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model = CLASSES["hf_olmo"][1](OLMoConfig(**config))  # its from_pretrained does not run with transformers 5
    model.load_state_dict(read(folder), strict=True)
    return model.float().eval()
