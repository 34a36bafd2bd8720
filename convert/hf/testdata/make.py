"""Makes the fixtures beside it with the real libraries.

    pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0
    python make.py

expected.json has what those libraries themselves say of every tensor: its dtype, its shape
and a hash of its bytes.
"""
import hashlib
import json
import os
import shutil

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(1)
expected = {"tensors": {}}


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def describe(state):
    def raw(t):
        t = t.detach().contiguous().reshape(-1)
        return t.view(torch.uint8).numpy().tobytes() if t.numel() else b""
    return {name: [str(t.dtype).removeprefix("torch."), list(t.shape), hashlib.sha256(raw(t)).hexdigest()]
            for name, t in sorted(state.items())}


def model():
    config = LlamaConfig(vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
                         num_key_value_heads=1, max_position_embeddings=32, pad_token_id=None, eos_token_id=None, bos_token_id=None)
    return LlamaForCausalLM(config).to(torch.bfloat16)


def folders():
    m = model()
    m.save_pretrained(fresh("single"))
    PreTrainedTokenizerFast(tokenizer_file="../../tokenizers/testdata/tokenizers/bpe.json", eos_token="<eos>", pad_token="<pad>").save_pretrained("single")
    m.save_pretrained(fresh("sharded"), max_shard_size=600)
    for folder in ("single", "sharded"):
        state = {}
        for name in sorted(os.listdir(folder)):
            if name.endswith(".safetensors"):
                with safe_open(f"{folder}/{name}", "pt") as f:
                    state |= {k: f.get_tensor(k) for k in f.keys()}
        expected["tensors"][folder] = describe(state)

    state = m.state_dict()
    fresh("bin"), fresh("bin-sharded")
    for folder in ("bin", "bin-sharded"):
        shutil.copy("single/config.json", folder)
        expected["tensors"][folder] = describe(state)
    torch.save(state, "bin/pytorch_model.bin", _use_new_zipfile_serialization=False)
    split = split_torch_state_dict_into_shards(state, filename_pattern="pytorch_model{suffix}.bin", max_shard_size=1200)
    for name, keys in split.filename_to_tensors.items():
        torch.save({k: state[k].clone() for k in keys}, f"bin-sharded/{name}")
    with open("bin-sharded/pytorch_model.bin.index.json", "w") as f:
        json.dump({"metadata": split.metadata, "weight_map": split.tensor_to_filename}, f, indent=2, sort_keys=True)


def dtypes():
    fresh("dtypes")
    with open("dtypes/config.json", "w") as f:
        f.write('{"a": 1, "b": 1.0, "c": 1e3, "d": -7, "e": 9223372036854775808, "f": [true, null, "x"], "g": {"h": 10000.5}}\n')
    state = {}
    for d in "bool uint8 int8 int16 uint16 float16 bfloat16 int32 uint32 float32 float64 int64 uint64".split():
        state[d] = torch.arange(6).reshape(2, 3).to(getattr(torch, d))
    state["scalar"] = torch.tensor(3.0)
    state["empty"] = torch.zeros(0, 4)
    save_file(state, "dtypes/model.safetensors", {"format": "pt"})
    expected["tensors"]["dtypes"] = describe(state)
    save_file({"w": torch.ones(2, 2).to(torch.float8_e4m3fn), "v": torch.ones(3).to(torch.float8_e4m3fn), "u": torch.ones(1)}, "fp8.safetensors")


folders()
dtypes()
with open("expected.json", "w") as f:
    json.dump(expected, f, indent=1, sort_keys=True, ensure_ascii=False)
    f.write("\n")
