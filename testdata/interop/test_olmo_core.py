"""--target olmo-core against OLMo-core 3.0.0, PyTorch's distributed checkpoints and transformers."""

import json
from pathlib import Path

import cli
import containers
import core_mapping
import core_models
import mapping
import models
import pytest
import torch
import torch.distributed.checkpoint as dcp
from olmo_core.data import TokenizerConfig
from olmo_core.distributed.checkpoint import load_model_and_optim_state
from olmo_core.nn.hf.convert import convert_state_from_hf
from olmo_core.nn.transformer import TransformerConfig
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

TOKENS = 200
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def convert(source: Path, output: Path, *args) -> Path:
    done = cli.run("convert", "--target", "olmo-core", "--output", output, *args, source)
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert sorted(path.name for path in output.parent.iterdir() if output.name in path.name) == [output.name]
    names = {path.name for path in output.iterdir()}
    assert names - {"hf2olmo.json"} - cli.BESIDE == {"config.json", ".metadata", "model_and_optim", "train.py"}
    return output


def read_plainly(folder: Path) -> dict:
    """All tensors by torch alone, each filled with another bit pattern before."""
    reader = dcp.FileSystemReader(folder)
    entries = reader.read_metadata().state_dict_metadata
    state = {}
    for name, entry in entries.items():
        state[name] = torch.full(entry.size, float("nan"), dtype=entry.properties.dtype)
    dcp.load(state, storage_reader=reader)
    return {name.removeprefix("model."): tensor for name, tensor in state.items()}


def build(folder: Path, device: str = "cpu"):
    """The model by the two lines that hf2olmo prints, filled with NaN."""
    config = json.loads((folder / "config.json").read_text())
    TokenizerConfig.from_dict(config["dataset"]["tokenizer"])
    model = TransformerConfig.from_dict(config["model"]).build(init_device=device)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(float("nan"))
    return model


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    view = {4: torch.int32, 2: torch.int16}[a.element_size()]
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.contiguous().view(view), b.contiguous().view(view))


def check_tensors(want: dict, folder: Path) -> None:
    for place in (folder, folder / "model_and_optim"):
        got = read_plainly(place)
        assert got.keys() == want.keys()
        different = [name for name in want if not same_bits(want[name], got[name])]
        assert not different, different


def kind_of(source: Path) -> type:
    """Which of transformers' classes loads the folder."""
    with_images = json.loads((source / "config.json").read_text())["model_type"] in core_models.WITH_IMAGES
    return AutoModelForImageTextToText if with_images else AutoModelForCausalLM


def logits_of_source(source: Path, tokens: torch.Tensor, attention: str = "eager") -> torch.Tensor:
    if mapping.is_hf_olmo(json.loads((source / "config.json").read_text())):  # transformers 5 cannot run that class
        native = mapping.native_tensors(source, containers.read(source))
        with torch.no_grad():
            return mapping.load_native(mapping.native_config(source), native)(tokens).logits
    reference = kind_of(source).from_pretrained(source, dtype=torch.float32, attn_implementation=attention).eval()
    with torch.no_grad():
        return reference(tokens, use_cache=False).logits


def logits(source: Path, model) -> tuple:
    tokens = torch.randint(2, 91, (2, TOKENS), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        return logits_of_source(source, tokens), model.eval()(tokens)


@pytest.mark.parametrize("name", core_models.VARIANTS)
def test_tensors(name, tmp_path):
    """Plain PyTorch reads exactly the expected tensors, by both indexes."""
    source = core_models.write(name, tmp_path / "source")
    folder = convert(source, tmp_path / "out")
    check_tensors(core_mapping.expected(source, containers.read(source)), folder)


@pytest.mark.parametrize("name", core_models.DENSE)
def test_logits(name, tmp_path):
    """OLMo-core loads it strictly, from both places, and computes what transformers does."""
    source = core_models.write(name, tmp_path / "source")
    folder = convert(source, tmp_path / "out")
    inner, model = build(folder), build(folder)
    load_model_and_optim_state(folder / "model_and_optim", inner, strict=True)
    load_model_and_optim_state(folder, model, strict=True)
    loaded = model.state_dict()
    assert all(same_bits(tensor, loaded[key]) for key, tensor in inner.state_dict().items())
    want, got = logits(source, model)
    assert want.std() > 0.1, "these logits say nothing"
    difference = (want - got).abs().max().item()
    assert difference < 2e-5, difference


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["olmo2", "llama-tied", "gemma3", "flex_olmo", "granite", "glm4", "phi3-part", "qwen2", "olmo_hybrid"])
def test_dtypes(name, dtype, tmp_path):
    """A narrow model keeps its dtype on disk and loads exactly into float32; --dtype casts as torch does."""
    source = core_models.write(name, tmp_path / "source", DTYPES[dtype], "safetensors-sharded")
    state = containers.read(source)
    folder = convert(source, tmp_path / "out")
    want = core_mapping.expected(source, state)
    check_tensors(want, folder)
    model = build(folder)
    load_model_and_optim_state(folder, model, strict=True)
    loaded = model.state_dict()
    assert loaded.keys() == want.keys()
    assert all(same_bits(loaded[key], want[key].float()) for key in want)
    if name not in ("flex_olmo", "granite"):  # a forward of its own, and factors that are rounded
        hf, core = logits(source, model)
        assert (hf - core).abs().max().item() < 1e-5
    for cast in ("float32", "bfloat16"):
        folder = convert(source, tmp_path / cast, "--dtype", cast)
        check_tensors(core_mapping.expected(source, state, DTYPES[cast]), folder)


@pytest.mark.parametrize("name", ["olmo2", "olmo2-mha", "olmo3", "llama", "llama-tied", "qwen3", "qwen3-tied", "gemma3", "flex_olmo"])
def test_their_converter(name, tmp_path):
    """Bit for bit what OLMo-core's own function makes of the model, where that is right."""
    source = core_models.write(name, tmp_path / "source")
    table = cli.run("keymap", f"olmo-core/{core_models.VARIANTS[name][0]}").stdout
    mine = tmp_path / "table.yaml"
    mine.write_text(table.replace("moe: '\"dropless\"'", "moe: '\"default\"'"))  # theirs knows this kind only
    folder = convert(source, tmp_path / "out", "--keymap", mine)
    config = AutoConfig.from_pretrained(source)
    state = containers.read(source)
    theirs = convert_state_from_hf(config, state, model_type=config.model_type)
    check_tensors({key: tensor.contiguous() for key, tensor in theirs.items()}, folder)
    model = build(folder)
    load_model_and_optim_state(folder, model, strict=True)
    assert not any(parameter.isnan().any() for parameter in model.parameters())


@pytest.mark.parametrize("name", ["olmoe", "olmoe-flat", "flex_olmo"])
def test_experts_load(name, tmp_path):
    """Mixtures of experts load strictly (their forward: test_core_versions.py), and their config says what transformers computes."""
    source = core_models.write(name, tmp_path / "source")
    folder = convert(source, tmp_path / "out")
    model = build(folder)
    load_model_and_optim_state(folder, model, strict=True)
    want = core_mapping.expected(source, containers.read(source))
    assert all(same_bits(tensor, want[key]) for key, tensor in model.state_dict().items())
    moe = json.loads((folder / "config.json").read_text())["model"]["block"]["feed_forward_moe"]
    hf = AutoConfig.from_pretrained(source)
    assert (moe["num_experts"], moe["router"]["top_k"]) == (hf.num_experts, hf.num_experts_per_tok)
    assert (moe["router"].get("normalize_expert_weights") == 1.0) == hf.norm_topk_prob


def test_experts_compute(tmp_path):
    """The experts that were stored, by OLMo-core's own router and by hand, compute what transformers' layer does."""
    source = core_models.write("olmoe", tmp_path / "source")
    folder = convert(source, tmp_path / "out")
    model = build(folder)
    load_model_and_optim_state(folder, model, strict=True)
    reference = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32).eval()
    x = torch.randn(1, 50, 64, generator=torch.Generator().manual_seed(2))
    moe = model.eval().blocks["1"].feed_forward_moe
    experts = moe.experts.mlp
    with torch.no_grad():
        weights, indices, *_ = moe.router(x)
        w1, w2, w3 = (w.view(experts.num_experts, experts.hidden_size, -1) for w in (experts.w1, experts.w2, experts.w3))
        got = torch.zeros_like(x)
        for token in range(x.shape[1]):
            for weight, e in zip(weights[0, token], indices[0, token]):
                h = torch.nn.functional.silu(w1[e] @ x[0, token]) * (w3[e] @ x[0, token])
                got[0, token] += weight * (w2[e].t() @ h)
        want = reference.model.layers[1].mlp(x)
    want = want[0] if isinstance(want, tuple) else want
    assert (want - got).abs().max().item() < 1e-5


# The packaging of hf_olmo: OLMo 1 and DataDecide, and what else OLMo-core can express.
HF_OLMO = {
    "olmo1": dict(layer_norm_with_affine=False, clip_qkv=0.4),
    "datadecide": dict(layer_norm_type="rms", layer_norm_eps=1e-6, bias_for_layer_norm=False),
    "grouped": dict(layer_norm_type="low_precision", n_kv_heads=2, rope_theta=500000),
    "biases-of-norms": dict(bias_for_layer_norm=True, weight_tying=True, multi_query_attention=True),
    "olmo2-like": dict(layer_norm_type="rms", attention_layer_norm=True, norm_after=True, clip_qkv=0.4, n_kv_heads=2),
}


@pytest.mark.parametrize("name", HF_OLMO)
def test_hf_olmo(name, tmp_path):
    """q, k and v, and gate and up, are cut out of one tensor; OLMo-core computes what allenai/OLMo does."""
    sizes = dict(d_model=64, n_heads=4, n_layers=3, mlp_hidden_size=192, vocab_size=91, embedding_size=160,
                 max_sequence_length=256, rope=True, include_bias=False, weight_tying=False)  # fmt: skip
    model = models.build("hf_olmo", 5, **{**sizes, **HF_OLMO[name]})
    containers.write(model, tmp_path / "source", "bin", torch.float32)
    folder = convert(tmp_path / "source", tmp_path / "out")
    check_tensors(core_mapping.expected(tmp_path / "source", containers.read(tmp_path / "source")), folder)
    model = build(folder)
    load_model_and_optim_state(folder, model, strict=True)
    want, got = logits(tmp_path / "source", model)
    assert want.std() > 0.1, "these logits say nothing"
    difference = (want - got).abs().max().item()
    assert difference < 2e-5, difference
