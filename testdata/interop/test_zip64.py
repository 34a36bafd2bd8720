"""Files past the limits of the older zip: a tensor and a file past 4 GiB, and more than 65,535 entries.

The large model is sparse: it takes no room, only its conversion does (about 5 GB, for some seconds).
"""

import json
import shutil
import struct
import tempfile
from pathlib import Path

import cli
import pytest
import torch

ROOM = 6 * 10**9


@pytest.fixture
def roomy(tmp_path):
    """A folder on a disk with room for the output, removed afterwards."""
    for base in (tmp_path, Path(tempfile.gettempdir()), cli.ROOT):
        if shutil.disk_usage(base).free > ROOM:
            break
    else:
        pytest.skip(f"no disk with {ROOM} bytes free")
    with tempfile.TemporaryDirectory(dir=base, prefix="zip64-") as folder:
        yield Path(folder)


def sparse_safetensors(path: Path, shapes: dict) -> dict:
    """Write a bfloat16 file of holes; returns where each tensor starts."""
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 2 * torch.Size(shape).numel()
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)
    return {name: 8 + len(text) + entry["data_offsets"][0] for name, entry in header.items()}


def test_tensor_and_file_past_4_gib(roomy):
    width, rows = 4096, 2**19 + 4096
    assert 2 * width * rows > 2**32
    config = json.loads((cli.ROOT / "testdata/models/llama/config.json").read_text())
    config |= {
        "hidden_size": width, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 32,
        "num_key_value_heads": 1, "vocab_size": rows, "tie_word_embeddings": True, "dtype": "bfloat16",
    }  # fmt: skip
    config.pop("head_dim", None)
    layer = "model.layers.0"
    shapes = {"model.embed_tokens.weight": [rows, width], "model.norm.weight": [width]}
    shapes |= {f"{layer}.self_attn.{part}_proj.weight": [size, width] for part, size in [("q", width), ("k", 128), ("v", 128)]}
    shapes |= {f"{layer}.self_attn.o_proj.weight": [width, width], f"{layer}.mlp.down_proj.weight": [width, 8]}
    shapes |= {f"{layer}.mlp.{part}_proj.weight": [8, width] for part in ("gate", "up")}
    shapes |= {f"{layer}.{norm}_layernorm.weight": [width] for norm in ("input", "post_attention")}
    source = roomy / "source"
    source.mkdir()
    (source / "config.json").write_text(json.dumps(config))
    starts = sparse_safetensors(source / "model.safetensors", shapes)
    marks = [0, 1, 2**31 - 1, 2**31, 2**31 + 1, rows * width - 1]  # elements: the third and on cross 4 GiB
    with (source / "model.safetensors").open("r+b") as file:
        for mark in marks:
            file.seek(starts["model.embed_tokens.weight"] + 2 * mark)
            file.write(b"\x80\x3f")  # 1.0
        file.seek(starts[f"{layer}.mlp.up_proj.weight"])
        file.write(b"\x00\x40")  # 2.0

    folder = cli.convert(source, roomy / "out")
    assert (folder / "model.pt").stat().st_size > 2**32
    state = torch.load(folder / "model.pt", weights_only=True, mmap=True)
    embedding = state["transformer.wte.weight"]
    assert embedding.shape == (rows, width) and embedding.dtype == torch.bfloat16
    flat = embedding.flatten()
    assert all(flat[mark] == 1 for mark in marks)
    found = [i + start for start in range(0, flat.numel(), 2**26) for i in flat[start : start + 2**26].nonzero()]
    assert [int(i) for i in found] == marks
    fused = state["transformer.blocks.0.ff_proj.weight"]
    assert fused.shape == (16, width) and fused.flatten()[0] == 2 and int(fused.count_nonzero()) == 1


def test_more_than_65535_entries(tmp_path):
    layers, width = 8200, 2
    config = json.loads((cli.ROOT / "testdata/models/hf_olmo/config.json").read_text())
    config |= {
        "d_model": width, "n_heads": 1, "n_layers": layers, "mlp_hidden_size": 4, "layer_norm_type": "rms",
        "attention_layer_norm": True, "vocab_size": 8, "embedding_size": 8, "weight_tying": True,
    }  # fmt: skip
    shapes = {"att_proj": (3 * width, width), "attn_out": (width, width), "ff_proj": (4, width), "ff_out": (width, 2)}
    shapes |= dict.fromkeys(["attn_norm", "ff_norm", "q_norm", "k_norm"], (width,))
    random = torch.Generator().manual_seed(1)
    state = {
        f"model.transformer.blocks.{i}.{name}.weight": torch.randn(shape, generator=random)
        for i in range(layers) for name, shape in shapes.items()
    }  # fmt: skip
    state["model.transformer.wte.weight"] = torch.randn(8, width, generator=random)
    state["model.transformer.ln_f.weight"] = torch.randn(width, generator=random)
    source = tmp_path / "source"
    source.mkdir()
    (source / "config.json").write_text(json.dumps(config))
    torch.save(state, source / "pytorch_model.bin")

    folder = cli.convert(source, tmp_path / "out")
    loaded = torch.load(folder / "model.pt", weights_only=True, mmap=True)
    assert len(loaded) == len(state) > 65535
    assert all(torch.equal(loaded[name.removeprefix("model.")], tensor) for name, tensor in state.items())
