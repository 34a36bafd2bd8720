"""Makes the fixtures beside it with the real libraries.

    pip install torch==2.13.0 transformers==5.23.0 safetensors==0.8.0 tokenizers==0.23.3
    python make.py

expected.json holds what those libraries themselves say of the files: of every
tensor dtype, shape and a hash of its bytes; of every tokenizer its size and ids.
"""
import hashlib
import json
import os
import shutil

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(1)
expected = {"tensors": {}, "tokenizers": {}}


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


def tokenizer():
    vocab = {c: i for i, c in enumerate("abc<>|")} | {"ab": 6, "<pad>": 7}
    t = Tokenizer(models.BPE(vocab, [("a", "b")]))
    t.add_special_tokens(["<pad>", "<eos>"])
    t.add_tokens([AddedToken("héllo"), AddedToken(" x"), "ab"])
    return t


def model():
    config = LlamaConfig(vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
                         num_key_value_heads=1, max_position_embeddings=32, pad_token_id=None, eos_token_id=None, bos_token_id=None)
    return LlamaForCausalLM(config).to(torch.bfloat16)


def folders():
    m = model()
    m.save_pretrained(fresh("single"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer(), eos_token="<eos>", pad_token="<pad>").save_pretrained("single")
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


def tokenizers():
    fresh("tokenizers")
    unk = {"a": 0, "##b": 1, "[UNK]": 2}
    made = {"bpe": tokenizer(), "wordlevel": Tokenizer(models.WordLevel(dict(unk), "[UNK]")),
            "wordpiece": Tokenizer(models.WordPiece(dict(unk), unk_token="[UNK]")),
            "unigram": Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0), ("b\\", -2.0), ("a", -3.0)], 0))}
    for name, t in made.items():
        if name != "bpe":
            t.add_special_tokens(["[UNK]", "<unk>", "</s>", "\N{SNOWMAN}"])
        t.save(f"tokenizers/{name}.json")
    bpe = json.load(open("tokenizers/bpe.json"))
    odd = {"vocab-first": {"model": bpe["model"], **bpe}, "no-added": {k: v for k, v in bpe.items() if k != "added_tokens"}}
    blank = {k: False for k in ("single_word", "lstrip", "rstrip", "normalized", "special")}
    odd["renumbered"] = bpe | {"added_tokens": [blank | {"id": i, "content": c} for i, c in
                                                [(3, "b"), (20, "q"), (21, "q"), (22, ""), (40, "r")]]}
    holes = json.load(open("tokenizers/wordlevel.json"))
    holes["model"]["vocab"] = {"a": 0, "b": 50, "[UNK]": 2}
    odd["holes"] = holes | {"added_tokens": [blank | {"id": i, "content": c} for i, c in [(50, "b"), (51, "q"), (52, "r")]]}
    for name, value in odd.items():
        with open(f"tokenizers/{name}.json", "w") as f:
            json.dump(value, f)
    for name in sorted(os.listdir("tokenizers")):
        t = Tokenizer.from_file(f"tokenizers/{name}")
        words = ["a", "b", "ab", "b\\", "<pad>", "<eos>", "héllo", " x", "q", "r", "", "[UNK]", "</s>", "\N{SNOWMAN}", "##b"]
        expected["tokenizers"][name] = {"size": t.get_vocab_size(with_added_tokens=True), "ids": {w: t.token_to_id(w) for w in words}}


folders()
dtypes()
tokenizers()
with open("expected.json", "w") as f:
    json.dump(expected, f, indent=1, sort_keys=True, ensure_ascii=False)
    f.write("\n")
