"""Casts against torch's, bit for bit: every bfloat16 and float16, and a hundred million float32.

The values are the embedding of a model that is nothing else. NaN is compared as such: which payload it gets
differs between torch's own scalar and vector code.
"""

import json
from pathlib import Path

import cli
import pytest
import torch
from safetensors.torch import save_file

WIDTH = 64
BITS = {torch.float32: torch.int32, torch.bfloat16: torch.int16, torch.float16: torch.int16}

# The lower halves of the float32 that are tried with each of the 65,536 upper halves: on both sides of every
# boundary between two bfloat16 or two float16, normal or subnormal, and as many at random.
EDGES = [(at + near) % 65536 for at in range(0, 65536, 0x1000) for near in (-1, 0, 1)]
EACH = 1536
CHUNKS = 8


def model_of(values: torch.Tensor, folder: Path) -> Path:
    """A llama with one small layer, whose embedding holds the values."""
    folder.mkdir()
    rows = values.numel() // WIDTH
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH, "intermediate_size": 8,
        "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1, "vocab_size": rows,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "hidden_act": "silu", "tie_word_embeddings": True,
        "rope_theta": 10000, "eos_token_id": 0, "pad_token_id": 1,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    shapes = {f"self_attn.{part}_proj": (WIDTH, WIDTH) for part in "qkvo"}
    shapes |= {"mlp.gate_proj": (8, WIDTH), "mlp.up_proj": (8, WIDTH), "mlp.down_proj": (WIDTH, 8)}
    shapes |= {"input_layernorm": (WIDTH,), "post_attention_layernorm": (WIDTH,)}
    state = {f"model.layers.0.{name}.weight": torch.zeros(shape, dtype=values.dtype) for name, shape in shapes.items()}
    state["model.norm.weight"] = torch.zeros(WIDTH, dtype=values.dtype)
    state["model.embed_tokens.weight"] = values.reshape(rows, WIDTH)
    save_file(state, folder / "model.safetensors")
    return folder


def check(values: torch.Tensor, to: torch.dtype, source: Path, output: Path) -> None:
    name = str(to).removeprefix("torch.")
    done = cli.run("convert", "--allow-nan", "--dtype", name, "--output", output, source)
    assert done.returncode == 0, done.stderr
    folder = output.with_name(output.name + "-unsharded")
    got = torch.load(folder / "model.pt", weights_only=True, mmap=True)["transformer.wte.weight"].flatten()
    want = values.to(to)
    assert got.dtype == to
    nan = torch.isnan(want)
    assert torch.equal(torch.isnan(got), nan)
    same = (got.view(BITS[to]) == want.view(BITS[to])) | nan
    wrong = torch.nonzero(~same).flatten()[:3].tolist()
    assert not wrong, [(values[i].item(), got[i].item(), want[i].item()) for i in wrong]
    # What became infinite and was not is counted in a warning that names the tensor.
    lost = int((torch.isinf(want) & torch.isfinite(values)).sum())
    warning = f"transformer.wte.weight: {lost} elements are too large for {name}"
    assert (warning in done.stderr) == (lost > 0), done.stderr


@pytest.mark.parametrize("source", [torch.bfloat16, torch.float16], ids=str)
def test_every_narrow_value(tmp_path, source):
    values = torch.arange(-32768, 32768, dtype=torch.int32).to(torch.int16).view(source)
    model = model_of(values, tmp_path / "model")
    for to in BITS:
        check(values, to, model, tmp_path / str(to))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_float32(tmp_path, chunk):
    random = torch.Generator().manual_seed(chunk)
    upper = torch.arange(chunk * 65536 // CHUNKS, (chunk + 1) * 65536 // CHUNKS, dtype=torch.int64)[:, None] << 16
    lower = torch.randint(65536, (len(upper), EACH), generator=random)
    lower[:, : len(EDGES)] = torch.tensor(EDGES)
    assert CHUNKS * lower.numel() > 10**8
    values = (upper | lower).flatten().to(torch.int32).view(torch.float32)
    model = model_of(values, tmp_path / "model")
    for to in (torch.bfloat16, torch.float16):
        check(values, to, model, tmp_path / str(to))
    (model / "model.safetensors").unlink()  # pytest keeps the folders of the last runs
    for output in tmp_path.glob("*-unsharded/model.pt"):
        output.unlink()
