"""Writes a llama of 1.5 GB of zeros, which take no space, into a folder."""

import json
import struct
import sys
from pathlib import Path

WIDTH, MLP, LAYERS, WORDS = 2048, 8192, 12, 1024
folder = Path(sys.argv[1])
folder.mkdir()
shapes = {"model.embed_tokens.weight": [WORDS, WIDTH], "model.norm.weight": [WIDTH], "lm_head.weight": [WORDS, WIDTH]}
for i in range(LAYERS):
    at = f"model.layers.{i}."
    shapes |= {at + f"self_attn.{name}_proj.weight": [WIDTH, WIDTH] for name in "qkvo"}
    shapes |= {at + f"mlp.{name}_proj.weight": [MLP, WIDTH] for name in ("gate", "up")}
    shapes |= {at + "mlp.down_proj.weight": [WIDTH, MLP]}
    shapes |= {at + f"{name}_layernorm.weight": [WIDTH] for name in ("input", "post_attention")}
header, end = {}, 0
for name, shape in shapes.items():
    size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
    header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
    end += size
text = json.dumps(header).encode()
with open(folder / "model.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text)
    out.truncate(8 + len(text) + end)
config = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": WIDTH, "intermediate_size": MLP,
    "num_hidden_layers": LAYERS, "num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": WORDS,
    "eos_token_id": 0, "tie_word_embeddings": False,
}  # fmt: skip
(folder / "config.json").write_text(json.dumps(config))
