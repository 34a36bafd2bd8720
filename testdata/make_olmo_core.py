"""Makes testdata/models-olmo-core and testdata/golden-olmo-core with the real libraries: python testdata/make_olmo_core.py

    python testdata/make_olmo_core.py NAME ...      only these

What make.py is for the first target; it needs bin/hf2olmo (make build). Everything comes from seeds. The expected
tensors are computed here. The expected config is that of hf2olmo, once the real OLMo-core has built the model from it,
which must take the expected tensors strictly and, for dense families, compute the logits of the source model.
"""

import copy
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "interop"))

import cli  # noqa: E402
import containers  # noqa: E402
import core_mapping  # noqa: E402
import core_models  # noqa: E402
import gated_delta_net  # noqa: E402, F401
import mapping  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from test_olmo_core import logits_of_source  # noqa: E402
from tokenizer import train  # noqa: E402
from olmo_core.nn.transformer import TransformerConfig  # noqa: E402
from torch import bfloat16, float16, float32  # noqa: E402

# As core_models, but smaller: a width of 16 and MLPs of 24.
SMALL = dict(hidden_size=16, num_attention_heads=4, num_key_value_heads=2, intermediate_size=24, vocab_size=104)
TEXT = dict(SMALL, num_hidden_layers=2, max_position_embeddings=256)  # inside of another model
GEMMA = dict(SMALL, head_dim=6, query_pre_attn_scalar=6)
GATED = dict(SMALL, linear_num_key_heads=2, linear_num_value_heads=2, linear_key_head_dim=8, linear_value_head_dim=16)

# name: variant of core_models, changes, container, dtype.
FIXTURES = {
    "olmo3": ("olmo3", SMALL, "safetensors", float32),
    "olmo3-yarn-flat": ("olmo3-yarn-flat", SMALL, "safetensors", bfloat16),
    "llama-llama3": ("llama-llama3", SMALL, "safetensors", float32),
    "llama-linear": ("llama-linear", dict(SMALL, head_dim=6), "bin", float16),
    "mistral-window": ("mistral-window", dict(SMALL, head_dim=6), "safetensors", float32),
    "qwen3": ("qwen3", dict(SMALL, head_dim=6), "bin", float32),
    "qwen3-tied": ("qwen3-tied", dict(SMALL, head_dim=6), "safetensors-sharded", bfloat16),
    "gemma3": ("gemma3", GEMMA, "safetensors", bfloat16),
    "gemma3-scaled": ("gemma3-scaled", GEMMA, "safetensors", float32),
    "olmoe": ("olmoe", SMALL, "safetensors", bfloat16),
    "flex_olmo": ("flex_olmo", SMALL, "safetensors", float32),
    "llama-bias": ("llama-bias", SMALL, "safetensors", float32),
    "ministral": ("ministral", dict(SMALL, head_dim=6), "safetensors", bfloat16),
    "cwm": ("cwm", dict(SMALL, head_dim=6), "safetensors", float32),
    "exaone4": ("exaone4-window", SMALL, "safetensors", bfloat16),
    "smollm3": ("smollm3", SMALL, "safetensors", float32),
    "gemma": ("gemma", dict(SMALL, head_dim=6), "safetensors", bfloat16),
    "stablelm": ("stablelm", dict(SMALL, hidden_size=32), "safetensors", float32),
    "qwen3_moe": ("qwen3_moe", dict(SMALL, head_dim=6, moe_intermediate_size=12), "safetensors", bfloat16),
    "mixtral": ("mixtral", SMALL, "safetensors", float32),
    "stablelm-bias": ("stablelm-bias", dict(SMALL, hidden_size=32), "safetensors", bfloat16),
    "qwen2": ("qwen2", SMALL, "safetensors", bfloat16),
    "seed_oss": ("seed_oss", dict(SMALL, head_dim=6), "safetensors", float32),
    "phi3": ("phi3", SMALL, "safetensors-sharded", bfloat16),
    "phi3-part": ("phi3-part", dict(SMALL, hidden_size=32), "safetensors", float32),
    "granite": ("granite", SMALL, "safetensors", float32),
    "glm4": ("glm4", dict(SMALL, head_dim=8), "safetensors", bfloat16),
    "ernie4_5": ("ernie4_5", dict(SMALL, head_dim=6), "safetensors", float32),
    "gemma3-vision": ("gemma3-vision", dict(text_config=dict(GEMMA, query_pre_attn_scalar=9, num_hidden_layers=7,
                                                             sliding_window=16)), "safetensors", bfloat16),
    "olmo_hybrid": ("olmo_hybrid", GATED, "safetensors-sharded", bfloat16),
    "olmo_hybrid-published": ("olmo_hybrid-published", GATED, "safetensors", float32),
    "qwen3_5_text": ("qwen3_5_text", dict(GATED, head_dim=8), "safetensors", float32),
    "qwen3_5": ("qwen3_5", dict(text_config=dict(GATED, head_dim=8, num_hidden_layers=5)), "safetensors", bfloat16),
    "glm": ("glm", dict(SMALL, head_dim=8), "safetensors", bfloat16),
    "emu3": ("emu3", dict(text_config=dict(TEXT, pad_token_id=1, bos_token_id=2, eos_token_id=0)), "safetensors", bfloat16),
    "got_ocr2": ("got_ocr2", dict(text_config=TEXT), "safetensors", bfloat16),
    "moss_transcribe_diarize": ("moss_transcribe_diarize", dict(text_config=dict(TEXT, head_dim=6)), "safetensors", bfloat16),
    "granite_swa": ("granite_swa", dict(SMALL, num_hidden_layers=5), "safetensors", float32),
    "mimo": ("mimo", dict(SMALL, head_dim=6), "safetensors", bfloat16),
    "ministral3": ("ministral3", dict(SMALL, head_dim=6), "safetensors", bfloat16),
    "internlm3": ("internlm3", dict(SMALL, head_dim=6), "safetensors", bfloat16),
    "iquestcoder": ("iquestcoder", dict(SMALL, head_dim=6), "safetensors", bfloat16),
    "helium": ("helium", dict(SMALL, head_dim=4), "safetensors", float32),
    "hyperclovax": ("hyperclovax", dict(SMALL, head_dim=6), "safetensors", float32),
    "mellum": ("mellum", dict(SMALL, head_dim=6, moe_intermediate_size=12, num_hidden_layers=3, layer_types=[
        "sliding_attention", "full_attention", "sliding_attention"]), "safetensors", bfloat16),
    "glm4_moe": ("glm4_moe", dict(SMALL, head_dim=8, moe_intermediate_size=12, n_routed_experts=4, num_experts_per_tok=1,
                                  routed_scaling_factor=2.0, num_hidden_layers=3), "safetensors",
                 bfloat16),
    "dots1": ("dots1", dict(SMALL, moe_intermediate_size=12, n_routed_experts=4, num_experts_per_tok=1,
                            routed_scaling_factor=0.5, num_hidden_layers=3, layer_types=[
        "sliding_attention", "full_attention", "sliding_attention"]), "safetensors", bfloat16),
}  # fmt: skip
KEPT = ("text_model.", "vqmodel.quantize.")
# Models of the first target, which convert to this one too.
SHARED = [
    "hf_olmo", "hf_olmo-qknorm", "olmo", "olmo-tied", "olmo2", "olmo2-sharded", "llama", "llama-bin", "mistral",
    "torch-views", "torch-strided", "torch-shared",
]  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    only = sys.argv[1:] or [*FIXTURES, *SHARED]
    for seed, (name, (variant, changes, container, dtype)) in enumerate(FIXTURES.items()):
        if name not in only:
            continue
        folder = HERE / "models-olmo-core" / name
        shutil.rmtree(folder, ignore_errors=True)
        core_models.write(variant, folder, dtype, container, 200 + seed, **changes)
        if name == "emu3":  # one tensor of the model that makes tokens of images says enough
            path = folder / "model.safetensors"
            state = {key: tensor for key, tensor in load_file(path).items() if key.startswith(KEPT)}
            save_file(state, path, {"format": "pt"})
        train().save(str(folder / "tokenizer.json"), pretty=False)
        (folder / "generation_config.json").unlink(missing_ok=True)
        write_golden(name, folder)
    for name in filter(only.__contains__, SHARED):
        write_golden(name, HERE / "models" / name)


def write_golden(name: str, folder: Path) -> None:
    state = {key: tensor for key, tensor in containers.read(folder).items() if "inv_freq" not in key}
    tensors = core_mapping.expected(folder, state)
    with tempfile.TemporaryDirectory() as temporary:
        command = [cli.binary(), "convert", "--quiet", "--target", "olmo-core", "--output", f"{temporary}/out", folder]
        subprocess.run(list(map(str, command)), check=True)
        config = json.loads(Path(temporary, "out", "config.json").read_text())
    config["dataset"]["tokenizer"].pop("identifier")  # a path of this machine
    check(folder, config, tensors)
    golden = {
        "config": config,
        "tensors": {"model." + key: value for key, value in mapping.fingerprints(tensors).items()},
    }
    (HERE / "golden-olmo-core" / f"{name}.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{name:18} {sum(path.stat().st_size for path in folder.iterdir()):6d} bytes")


def check(folder: Path, config: dict, tensors: dict) -> None:
    """The real OLMo-core with this config and these tensors is the source model."""
    model = TransformerConfig.from_dict(copy.deepcopy(config["model"])).build().eval()
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=True)
    if "feed_forward_moe" in json.dumps(config):
        return  # its forward is in interop/test_core_versions.py
    tokens = torch.randint(2, 91, (2, 200), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        difference = (logits_of_source(folder, tokens) - model(tokens)).abs().max().item()
    assert difference < 2e-5, difference


if __name__ == "__main__":
    main()
