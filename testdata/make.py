"""Makes testdata/models and testdata/golden with the real libraries: python testdata/make.py

The versions are those of interop/requirements.txt (interop/env.sh makes the environment). Everything comes from
seeds, so that another run gives the same tensors and golden lists; the bytes of the files without zip change, as torch
names their storages by memory address. Before a golden list is written, the expected tensors are loaded strictly into
the real OLMo, whose logits must equal those of the source model to the last bit.
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "interop"))

import containers  # noqa: E402
import logits  # noqa: E402
import mapping  # noqa: E402
import models  # noqa: E402
import torch  # noqa: E402
from tokenizer import train  # noqa: E402
from torch import bfloat16, float16, float32  # noqa: E402

# Width 16, kv width 8, MLP 32 or 48 (fused 64, 96), rows 104, positions 44, fused q/k/v 48 or 32: a mix-up shows.
TRANSFORMERS = dict(
    hidden_size=16, num_attention_heads=4, num_hidden_layers=2, intermediate_size=32, vocab_size=104,
    max_position_embeddings=44,
)  # fmt: skip
GQA = dict(TRANSFORMERS, num_key_value_heads=2, intermediate_size=48)
NATIVE = dict(
    d_model=16, n_heads=4, n_layers=2, mlp_hidden_size=40, vocab_size=91, embedding_size=104, max_sequence_length=44,
)  # fmt: skip
MODERN = dict(NATIVE, rope=True, include_bias=False, weight_tying=False)
GPT = dict(NATIVE, activation_type="gelu", embedding_layer_norm=True, weight_tying=False, include_bias=True)
ALIBI = dict(NATIVE, alibi=True, multi_query_attention=True, mlp_hidden_size=None, mlp_ratio=2, include_bias=False)
LLAMA_BLOCK = dict(MODERN, block_type="llama", layer_norm_type="rms", bias_for_layer_norm=True, n_kv_heads=4)
GROUPS = dict(MODERN, n_layers=4, block_group_size=2, layer_norm_with_affine=False, n_kv_heads=2, embedding_size=None)
QK_NORM = dict(MODERN, layer_norm_type="rms", attention_layer_norm=True, norm_after=True, n_kv_heads=2, clip_qkv=0.4)

# name: family, config, container, dtype, and the transformers version that config.json is like.
FIXTURES = {
    "olmo": ("olmo", dict(TRANSFORMERS, clip_qkv=0.4), "safetensors", float32, 5),
    "olmo-tied": ("olmo", dict(TRANSFORMERS, tie_word_embeddings=True), "safetensors", float32, 4),
    "olmo2": ("olmo2", dict(GQA, rms_norm_eps=1e-6, rope_theta=500000.0), "safetensors", float32, 5),
    "olmo2-sharded": ("olmo2", dict(TRANSFORMERS, num_hidden_layers=3), "safetensors-sharded", bfloat16, 5),
    "llama": ("llama", dict(GQA, tie_word_embeddings=True, rms_norm_eps=1e-5), "safetensors", float32, 5),
    "llama-bin": ("llama", GQA, "bin", float16, 4),
    "llama-bin-sharded": ("llama", dict(GQA, eos_token_id=[0, 87]), "bin-sharded", bfloat16, 4),
    "mistral": ("mistral", dict(GQA, sliding_window=None, rope_theta=1000000.0), "bin-legacy", float32, 4),
    "hf_olmo": ("hf_olmo", MODERN, "bin", float32, 4),
    "hf_olmo-gpt": ("hf_olmo", GPT, "safetensors", float32, 5),
    "hf_olmo-alibi": ("hf_olmo", ALIBI, "bin", float32, 4),
    "hf_olmo-llama": ("hf_olmo", LLAMA_BLOCK, "safetensors", bfloat16, 4),
    "hf_olmo-groups": ("hf_olmo", GROUPS, "bin-legacy-sharded", float32, 4),
    "hf_olmo-qknorm": ("hf_olmo", QK_NORM, "bin", float16, 5),
    "torch-dict": ("olmo", TRANSFORMERS, "dict", float32, 5),
    "torch-parameters": ("olmo2", GQA, "parameters", bfloat16, 5),
    "torch-views": ("llama", GQA, "views", float32, 5),
    "torch-strided": ("olmo2", GQA, "strided", float16, 5),
    "torch-shared": ("llama", dict(GQA, tie_word_embeddings=True), "shared", float32, 5),
    "mpt": ("mpt", dict(d_model=16, n_heads=4, n_layers=2, vocab_size=104, max_seq_len=44), "safetensors", float32, 5),
    "phi3": ("phi3", GQA, "safetensors", bfloat16, 5),
}

# How the old packaging names itself: architectures, model_type, and what a config.json of its time did not have.
RECENT_FIELDS = ["norm_after", "scale_emb_init", "emb_init_std", "rope_theta", "clip_qkv", "n_kv_heads"]
OLD_NAMES = {
    "hf_olmo": ("OLMoForCausalLM", "hf_olmo", RECENT_FIELDS),
    "hf_olmo-gpt": ("OLMoModelForCausalLM", "olmo", []),
    "hf_olmo-alibi": ("OlmoModelForCausalLM", "olmo", []),
    "hf_olmo-llama": ("OLMoForCausalLM", "olmo", []),
    "hf_olmo-groups": ("OLMoModelForCausalLM", "hf_olmo", []),
    "hf_olmo-qknorm": ("OLMoForCausalLM", "hf_olmo", []),
}


def main() -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="register_new_resolver", category=UserWarning)
    for folder in ("models", "golden"):
        shutil.rmtree(HERE / folder, ignore_errors=True)
        (HERE / folder).mkdir()
    for seed, (name, fixture) in enumerate(FIXTURES.items()):
        folder = HERE / "models" / name
        make(folder, seed, *fixture)
        if name in OLD_NAMES:
            rename(folder / "config.json", *OLD_NAMES[name])
        if name in ("llama-bin", "mistral"):
            add_rotary_buffers(folder / "pytorch_model.bin", zipped=name == "llama-bin")
        write_golden(name, folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{name:18} {size:6d} bytes  {' '.join(sorted(path.name for path in folder.iterdir()))}")


def make(folder: Path, seed: int, family: str, config: dict, container: str, dtype, dialect: int) -> None:
    """One model in one container."""
    model = models.build(family, 100 + seed, **config)
    containers.write(model, folder, container, dtype, dialect, tokenizer=False)
    train().save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "generation_config.json").unlink(missing_ok=True)


def rename(path: Path, architecture: str, model_type: str, without: list) -> None:
    """Names the old packaging as it was named at one time, and drops fields that came later."""
    config = json.loads(path.read_text())
    config |= {"architectures": [architecture], "model_type": model_type, "use_cache": True}
    config["auto_map"] = {
        "AutoConfig": "configuration_olmo.OLMoConfig",
        "AutoModelForCausalLM": f"modeling_olmo.{architecture}",
    }
    config = {key: value for key, value in config.items() if key not in without}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def add_rotary_buffers(path: Path, zipped: bool) -> None:
    """The derived buffers that transformers wrote into its files up to 4.31."""
    state = torch.load(path, weights_only=True)
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("model.layers."))
    frequencies = 1.0 / (10000 ** (torch.arange(0, 4, 2).float() / 4))
    for layer in range(layers):
        state[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = frequencies.clone()
    containers.save_torch(state, path, zipped)


def write_golden(name: str, folder: Path) -> None:
    """The expected config and tensors, once the real OLMo has shown that they are right."""
    config = mapping.native_config(folder)
    tensors = mapping.native_tensors(folder, containers.read(folder))
    with logits.RoundedLinear():  # the fixtures are too small for a BLAS to be equal by itself
        compare = logits.assert_near if name == "mpt" else logits.assert_equal
        compare(containers.reference(folder), mapping.load_native(config, tensors))
    golden = {"model_config": mapping.resolved(config), "tensors": mapping.fingerprints(tensors)}
    (HERE / "golden" / f"{name}.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
