"""What people write by hand: load an OLMo-2 model, rename and concatenate its tensors, save them for the trainer.

    python by_hand.py MODEL model.pt [dtype]
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

NAMES = {
    "model.embed_tokens": "transformer.wte", "lm_head": "transformer.ff_out", "model.norm": "transformer.ln_f",
    "self_attn.o_proj": "attn_out", "self_attn.q_norm": "q_norm", "self_attn.k_norm": "k_norm",
    "mlp.down_proj": "ff_out", "post_attention_layernorm": "attn_norm", "post_feedforward_layernorm": "ff_norm",
    "model.layers": "transformer.blocks",
}  # fmt: skip
FUSED = {"att_proj": [f"self_attn.{part}_proj" for part in "qkv"], "ff_proj": ["mlp.up_proj", "mlp.gate_proj"]}

state = {}
for file in sorted(Path(sys.argv[1]).glob("*.safetensors")):
    state.update(load_file(file))
for file in sorted(Path(sys.argv[1]).glob("*.bin")):
    state.update(torch.load(file, weights_only=True))
layers = sum(name.endswith("q_proj.weight") for name in state)
for i in range(layers):
    for native, parts in FUSED.items():
        rows = [state.pop(f"model.layers.{i}.{part}.weight") for part in parts]
        state[f"model.layers.{i}.{native}.weight"] = torch.cat(rows)
for old, new in NAMES.items():
    state = {name.replace(old, new): tensor for name, tensor in state.items()}
if len(sys.argv) > 3:
    state = {name: tensor.to(getattr(torch, sys.argv[3])) for name, tensor in state.items()}
torch.save(state, sys.argv[2])
