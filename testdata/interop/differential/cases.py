"""The mutated inputs, by kind. Each writes into a folder and returns the kind of its reader and the path to read."""

import io
import json
import pickle
import struct
from pathlib import Path

import torch
from archives import archive, edit_archive, records, zip_file
from older import legacy_file
from opcodes import edit_pickle
from pickles import Writer
from texts import json_text, yaml_text
from values import INTEGERS, Dice, edit_bytes, edit_list, often

MODELS = Path(__file__).resolve().parents[2] / "models"
CONFIG = (MODELS / "llama" / "config.json").read_text()
TOKENIZER = json.loads((MODELS / "llama" / "tokenizer.json").read_text())
TOKENIZER["model"]["merges"] = TOKENIZER["model"]["merges"][:4]
TOKENIZER["added_tokens"] = TOKENIZER["added_tokens"][:3] + TOKENIZER["added_tokens"][-2:]
OTHER_MODELS = [
    {"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "b": 2}, "unk_token": "<unk>"},
    {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["b", -2.5]], "byte_fallback": False},
    {
        "type": "WordPiece",
        "unk_token": "<unk>",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 9,
        "vocab": {"<unk>": 0, "##a": 1},
    },
]


def zipped(rng: Dice, folder: Path):
    (folder / "x.bin").write_bytes(zip_file(rng))
    return "torch", folder / "x.bin"


def older(rng: Dice, folder: Path):
    (folder / "x.bin").write_bytes(legacy_file(rng))
    return "torch", folder / "x.bin"


def saved(rng: Dice, folder: Path):
    """What torch.save itself writes, with bytes or opcodes changed."""
    state = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(2)).state_dict()
    state["t"] = state["0.weight"].t()
    out = io.BytesIO()
    torch.save(state, out, _use_new_zipfile_serialization=rng.random() < 0.5)
    data = out.getvalue()
    (folder / "x.bin").write_bytes(edit_bytes(rng, data, rng.choice([1, 1, 2, 4])))
    return "torch", folder / "x.bin"


HEADER = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
    "b": {"dtype": "BF16", "shape": [4], "data_offsets": [16, 24]},
    "c": {"dtype": "I64", "shape": [], "data_offsets": [24, 32]},
    "d": {"dtype": "U8", "shape": [0, 3], "data_offsets": [32, 32]},
}


def safetensors(rng: Dice, folder: Path):
    items = list(HEADER.items())
    rng.shuffle(items)
    header = json_text(rng, json.dumps(dict(items)), rng.choice([1, 1, 2]))
    header += b" " * often(rng, -len(header) % 8, [0, 1, 3])
    length = often(rng, len(header), [len(header) - 1, len(header) + 1, 0, 2**40], 0.97)
    data = bytes(range(100, 100 + often(rng, 32, [31, 33, 40, 24, 0], 0.95)))
    (folder / "config.json").write_text(CONFIG)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", length) + header + data)
    return "safetensors", folder


def item(rng: Dice, tensor: torch.Tensor) -> bytes:
    """One tensor in an archive, as the item of a distributed checkpoint is."""
    out = io.BytesIO()
    torch.save(tensor, out)
    return out.getvalue()


def distributed(rng: Dice, folder: Path):
    """A distributed checkpoint of three tensors, with its index or its items changed."""
    from torch.distributed.checkpoint import filesystem, metadata

    whole = {
        "model.a": torch.arange(8.0).view(4, 2),
        "model.b": torch.arange(3).to(torch.bfloat16),
        "optim.c": torch.tensor(7),
    }
    data, state, storage = b"", {}, {}
    for name, tensor in whole.items():
        parts = [tensor] if tensor.dim() == 0 or rng.random() < 0.4 else list(tensor.split(rng.choice([1, 2])))
        row, chunks = 0, []
        for i, part in enumerate(parts):
            offsets = torch.Size([row] + [0] * (tensor.dim() - 1) if tensor.dim() else [])
            bytes_ = edited_item(rng, part.clone()) if rng.random() < 0.1 else item(rng, part.clone())
            place = filesystem._StorageInfo("__0_0.distcp", len(data), len(bytes_))
            storage[metadata.MetadataIndex(name, offsets, i)] = place
            chunks.append(metadata.ChunkStorageMetadata(offsets, part.size()))
            data += bytes_
            row += part.size(0) if tensor.dim() else 0
        state[name] = metadata.TensorStorageMetadata(
            metadata.TensorProperties(dtype=tensor.dtype), tensor.size(), chunks
        )
    if rng.random() < 0.3:
        state["step"] = metadata.BytesStorageMetadata()
    index = metadata.Metadata(state, {name: tuple(name.split(".")) for name in whole}, storage)
    if rng.random() < 0.5:
        index.storage_meta = metadata.StorageMeta(rng.choice([folder, str(folder)]), "save", "load")
    if rng.random() < 0.5:
        edit_index(rng, index)
    text = pickle.dumps(index, often(rng, 2, [2, 3, 4, 5], 0.5))
    (folder / ".metadata").write_bytes(edit_pickle(rng, text) if rng.random() < 0.3 else text)
    (folder / "__0_0.distcp").write_bytes(edit_bytes(rng, data) if rng.random() < 0.1 else data)
    return "dcp", folder


def edited_item(rng: Dice, part: torch.Tensor) -> bytes:
    if rng.random() < 0.5:
        return zip_file(rng, one=True)
    writer = Writer(rng)
    entries = records(rng, edit_pickle(rng, writer.pickle(one=True)), writer.storages)
    return archive(entries, **edit_archive(rng, entries))


def edit_index(rng: Dice, index) -> None:
    """Another place, size, class or order of something in the index."""
    tensor = rng.choice([t for t in index.state_dict_metadata.values() if hasattr(t, "chunks")])
    key = rng.choice(list(index.storage_data))
    place = index.storage_data[key]
    how = rng.randrange(9)
    if how == 0:
        edit_list(rng, tensor.chunks)
    elif how == 1:
        tensor.size = torch.Size([max(n, 0) for n in edited(rng, list(tensor.size))])
    elif how == 2 and tensor.chunks:
        chunk = rng.choice(tensor.chunks)
        side = rng.choice(["offsets", "sizes"])
        setattr(chunk, side, torch.Size(edited(rng, list(getattr(chunk, side)))))
    elif how == 3:
        tensor.properties.dtype = rng.choice([torch.float32, torch.bfloat16, torch.int64, torch.float16])
    elif how == 4:
        place.offset += rng.choice([-1, 1, 64, place.length])
    elif how == 5:
        place.length += rng.choice([-1, 1, 64, place.length])
    elif how == 6:
        place.relative_path = rng.choice(
            [
                "./__0_0.distcp",
                "__0_1.distcp",
                "x/../__0_0.distcp",
                "../x",
                "/__0_0.distcp",
                "",
                "__0_0.DISTCP",
                "__0_0.distcp/",
            ]
        )
    elif how == 7:
        index.storage_data[key] = index.storage_data[rng.choice(list(index.storage_data))]
    else:
        del index.storage_data[key]
        if rng.random() < 0.5:
            index.storage_data[type(key)(key.fqn, key.offset, rng.choice([None, 0, 5]))] = place


def edited(rng: Dice, sizes: list[int]) -> list[int]:
    if not sizes or rng.random() < 0.3:
        sizes.append(rng.choice([0, 1, 2]))
    else:
        at = rng.randrange(len(sizes))
        sizes[at] = rng.choice([sizes[at] + 1, sizes[at] - 1, rng.choice(INTEGERS) % 2**40])
    return sizes


def config_yaml(rng: Dice, folder: Path):
    (folder / "config.yaml").write_bytes(yaml_text(rng, YAML))
    return "yaml", folder


YAML = """run_name: x
model:
  d_model: 16
  n_heads: 4
  n_kv_heads: 2
  n_layers: 2
  mlp_hidden_size: 64
  layer_norm_eps: 1.0e-05
  clip_qkv: null
  rope: true
  rope_theta: 10000
  weight_tying: false
  layer_norm_type: rms
  vocab_size: 91
  init_device: cpu
optimizer:
  name: adamw
  betas: [0.9, 0.95]
tokenizer:
  identifier: /models/x-unsharded/tokenizer.json
  truncate_direction: right
load_path: /models/x-unsharded
reset_optimizer_state: true
"""


def config_json(rng: Dice, folder: Path):
    (folder / "config.json").write_bytes(json_text(rng, CONFIG))
    (folder / "model.safetensors").write_bytes((MODELS / "llama" / "model.safetensors").read_bytes())
    return "json", folder


def tokenizer(rng: Dice, folder: Path):
    base = TOKENIZER if rng.random() < 0.7 else TOKENIZER | {"model": rng.choice(OTHER_MODELS)}
    (folder / "tokenizer.json").write_bytes(json_text(rng, json.dumps(base)))
    return "tokenizer", folder


CASES = {
    "zip": zipped, "older": older, "saved": saved, "safetensors": safetensors, "distcp": distributed,
    "config.yaml": config_yaml, "config.json": config_json, "tokenizer.json": tokenizer,
}  # fmt: skip
