"""What the real libraries read, in the form in which differential/main.go answers."""

import hashlib
import io
import json
import pickle
import re
import struct
import types
import warnings
from pathlib import Path

import torch
from torch.distributed.checkpoint import CheckpointException

LARGEST = 1 << 20  # bytes of a tensor that is read, as in main.go


class Refused(Exception):
    """The library does not read it, or reads something that is no state dict."""


def tensors(found: dict) -> dict:
    """Names, dtypes, shapes and hashes of a dict of tensors."""
    result = []
    for name, tensor in found.items():
        if type(name) is not str:
            raise Refused(f"a key of type {type(name).__name__}")
        if not isinstance(tensor, torch.Tensor):
            raise Refused(f"{name!r} is a {type(tensor).__name__}")
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            raise Refused(f"{name!r} is {tensor.layout} on {tensor.device}")
        plain = tensor.detach()
        digest = ""
        if plain.numel() * plain.element_size() <= LARGEST:
            if plain.dtype == torch.bool:
                plain = plain.view(torch.uint8)  # a copy would make 1 of any other byte
            flat = torch.empty(plain.numel(), dtype=plain.dtype).copy_(plain.reshape(-1))
            digest = hashlib.sha256(flat.view(torch.uint8).numpy().tobytes()).hexdigest()
        dtype = str(tensor.dtype).removeprefix("torch.")
        result.append({"name": name, "dtype": dtype, "shape": list(tensor.shape), "hash": digest})
    return {"tensors": sorted(result, key=by_name)}


def by_name(tensor: dict) -> bytes:
    return tensor["name"].encode("utf-8", "replace")


# Opcodes of other protocols than 2, which hf2olmo reads and torch reads without weights_only alone: INT, LONG,
# BINSTRING, SHORT_BINUNICODE, STACK_GLOBAL, MEMOIZE, FRAME.
OTHER_PROTOCOLS = {73, 76, 84, 140, 147, 148, 149}


class Allowed(pickle.Unpickler):
    """pickle as torch.load uses it without weights_only, with the names that weights_only allows."""

    def find_class(self, module: str, name: str):
        allowed = torch._weights_only_unpickler._get_allowed_globals()
        if f"{module}.{name}" not in allowed:
            raise Refused(f"{module}.{name}")
        return allowed[f"{module}.{name}"]


AS_PICKLE = types.SimpleNamespace(
    __name__="pickle", Unpickler=Allowed, load=lambda file, **options: Allowed(file, **options).load()
)


def load(path: Path, **options):
    """torch.load with weights_only, and without if the pickle's protocol needs that."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True, **options)
    except pickle.UnpicklingError as error:
        operand = re.search(r"Unsupported operand (\d+)", str(error))
        if operand is None or int(operand[1]) not in OTHER_PROTOCOLS:
            raise
    return torch.load(path, map_location="cpu", weights_only=False, pickle_module=AS_PICKLE, **options)


def read_torch(path: Path) -> dict:
    """torch.load as the trainer and transformers call it: from the file, and mapped."""
    loaded = load(path)
    if not isinstance(loaded, dict):
        raise Refused(f"a {type(loaded).__name__}")
    result = tensors(loaded)
    if path.read_bytes()[:2] == b"PK":
        mapped = tensors(load(path, mmap=True))
        if mapped != result:
            return {"tensors": [], "mapped": "otherwise"}  # torch disagrees with itself: no reading is right
    return result


def read_safetensors(path: Path) -> dict:
    from safetensors import safe_open

    with safe_open(path / "model.safetensors", "pt") as file:
        return tensors({name: file.get_tensor(name) for name in file.keys()})


class Restricted(pickle.Unpickler):
    """pickle, for mutated files: what is not torch's or a plain type is not found."""

    def find_class(self, module: str, name: str):
        ours = module.startswith(("torch.distributed.checkpoint.", "olmo_core.distributed.checkpoint."))
        if ours or module == "collections" or (module, name) in ALLOWED or module == "torch":
            return super().find_class(module, name)
        raise Refused(f"{module}.{name}")


ALLOWED = {("pathlib", "PosixPath"), ("torch.serialization", "_get_layout"), ("torch._utils", "_rebuild_tensor_v2")}


def read_dcp(path: Path) -> dict:
    """Every tensor that the index names, through torch's own loader."""
    from torch.distributed.checkpoint import DefaultLoadPlanner, FileSystemReader
    from torch.distributed.checkpoint.metadata import TensorStorageMetadata
    from torch.distributed.checkpoint.state_dict_loader import _load_state_dict

    class Reader(FileSystemReader):
        def read_metadata(self, *args, **kwargs):
            metadata = Restricted(io.BytesIO((path / ".metadata").read_bytes())).load()
            metadata.storage_meta = None
            return metadata

    reader = Reader(str(path))
    state = {}
    for name, entry in reader.read_metadata().state_dict_metadata.items():
        if isinstance(entry, TensorStorageMetadata):
            if entry.size.numel() > LARGEST:
                raise Refused("too large to be read here")
            # What no chunk fills in is seen: it differs from one reading to the next.
            state[name] = torch.empty(entry.size, dtype=entry.properties.dtype)
    passes = []
    for fill in (0x11, 0x77):
        for tensor in state.values():
            if tensor.numel():
                tensor.view(-1).view(torch.uint8).fill_(fill)
        _load_state_dict(state, Reader(str(path)), DefaultLoadPlanner(), no_dist=True)
        passes.append(tensors(state))
    if passes[0] != passes[1]:
        raise Refused("a part of a tensor is in no chunk")
    return passes[0]


def typed(value):
    """As typed in main.go."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Refused("a key that is not a str")
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool true" if value else "bool false"
    if isinstance(value, int):
        return f"int {value}"
    if isinstance(value, float):
        return "float nan" if value != value else "float " + struct.pack(">d", value).hex()
    return f"text {value}" if isinstance(value, str) else f"{type(value).__name__} {value}"


def read_yaml(path: Path) -> dict:
    """The whole document. What refers to another value (${...}) stays as it is: the trainer resolves it when asked."""
    from omegaconf import OmegaConf

    loaded = OmegaConf.load(path / "config.yaml")
    return {"value": typed(OmegaConf.to_container(loaded, resolve=False))}


def whole_pair(escape: re.Match) -> str:
    return escape[0] if len(escape[0]) != 6 else "\\ufffd"


def read_json(path: Path) -> dict:
    # hf2olmo keeps whole numbers of 64 bits, and half a surrogate pair as U+FFFD: no field of a model needs either.
    text = re.sub(
        r"\\\\|\\u[dD][89aAbB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..",
        whole_pair,
        (path / "config.json").read_text("utf-8"),
    )
    loaded = json.loads(
        text, parse_int=lambda digits: int(digits) if -(2**63) <= int(digits) < 2**63 else float(digits)
    )
    if not isinstance(loaded, dict):
        raise Refused(f"a {type(loaded).__name__}")
    return {"value": typed(loaded)}


def read_tokenizer(path: Path) -> dict:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    some = {name: vocabulary[name] for name in sorted(vocabulary)[:: max(1, len(vocabulary) // 10)]}
    size, largest = tokenizer.get_vocab_size(with_added_tokens=True), max(vocabulary.values(), default=-1)
    return {"value": typed({"size": size, "largest": largest, "ids": some}), "tokens": list(some)}


READERS = {
    "torch": read_torch, "safetensors": read_safetensors, "dcp": read_dcp, "yaml": read_yaml, "json": read_json,
    "tokenizer": read_tokenizer,
}  # fmt: skip


def read(kind: str, path: Path) -> dict:
    """What the real library makes of it, or {"refused": why}."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return READERS[kind](path)
    except (TimeoutError, KeyboardInterrupt):
        raise
    except BaseException as error:  # tokenizers panics with one that is no Exception
        text = str(error).split("WeightsUnpickler error:")[-1].strip()
        if isinstance(error, CheckpointException):
            error = next(iter(error.failures.values()))[0]
            text = str(error).strip()
        return {"refused": f"{type(error).__name__}: {text.splitlines()[0] if text else ''}"[:300]}
