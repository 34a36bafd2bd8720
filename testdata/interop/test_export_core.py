"""Exported checkpoints of OLMo-core, loaded by transformers: nothing missing, nothing left over, and the logits of the
model that was converted, of the model that OLMo-core's own classes built, and of what its trainer saved."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cli
import core_models
import pytest
import torch
import transformers4
from olmo_core.config import DType
from olmo_core.distributed.checkpoint import save_model_and_optim_state
from olmo_core.nn.attention import AttentionBackendName, GatedDeltaNetConfig, GateConfig, SlidingWindowAttentionConfig
from olmo_core.nn.feed_forward import ActivationFunction, FeedForwardConfig
from olmo_core.nn.layer_norm import LayerNormConfig, LayerNormType
from olmo_core.nn.moe import MoEConfig, MoERouterConfig, MoEType
from olmo_core.nn.rope import (
    ABFRoPEScalingConfig,
    PIRoPEScalingConfig,
    StepwiseRoPEScalingConfig,
    YaRNRoPEScalingConfig,
)
from olmo_core.nn.transformer import TransformerBlockType, TransformerConfig
from safetensors.torch import load_file
from test_export import export, load
from test_olmo_core import convert, same_bits

LENGTH = 200  # more than any window
TOKENS = torch.randint(2, 91, (2, LENGTH), generator=torch.Generator().manual_seed(3))
# what computes the same leaves under the first of its names, scaled rope of Olmo 2 under one that 4.57 loads
COUSINS = {"ministral3": "llama", "mistral": "llama", "olmo3-full": "olmo2", "olmo2-yarn": "olmo3"}
NEWER = ["cwm", "olmo_hybrid", "qwen3_5_text"]  # families that transformers 4.57 does not have
# whose tensors are cut, permuted, scaled or joined by zeros, and what they leave as without --like
WORDED = {
    "ernie4_5": "llama", "gemma3-scalar": "gemma3_text", "gemma3-vision": "gemma3_text",
    "gemma3-vision-untied": "gemma3_text", "helium": "llama", "helium-bias": "llama", "hyperclovax": "hyperclovax",
    "hyperclovax-pre": "llama", "internlm3": "llama", "iquestcoder": "llama", "glm": "glm", "glm4": "glm4", "granite": "granite", "granite_swa": "granite_swa", "granite_swa-thetas": "granite_swa", "phi3": "mistral",
    "phi3-part": "phi3", "qwen2": "llama", "qwen2-tied": "qwen2", "qwen3_5": "qwen3_5_text", "seed_oss": "llama", "stablelm-bias": "stablelm",
}  # fmt: skip
REPRESENTATIVES = ["glm4", "granite", "phi3-part", "qwen2", "olmo2-mha", "olmo3-yarn", "llama-llama3", "mistral-window", "qwen3-window", "gemma3-scaled", "olmoe"]
SCALED = ("granite", "granite_swa", "granite_swa-thetas", "hyperclovax", "hyperclovax-pre")  # weights that are multiplied and divided again
PLUS_ONE = ("gemma3", "qwen3_5")  # norms that are stored with 1 added
# transformers 4 has one theta for all layers of an Olmo 3
REFUSED = {"olmo3-two-thetas": "rope.theta of layers 0, 1, 2, 4 is 500000 (olmo3: 10000)"}
# whose tensors have several names, of which the published ones are written
NAMED = [name for name in core_models.VARIANTS if name.startswith("olmo_hybrid")]
OTHERS = {"emu3": "llama", "got_ocr2": "llama", "mimo": "llama", "moss_transcribe_diarize": "qwen3"}  # of which parts are left out on the way in
NAMES = [name for name in core_models.VARIANTS if name not in {*WORDED, *NAMED, *OTHERS}]


def breadth(names) -> list:
    return [name if name in REPRESENTATIVES else pytest.param(name, marks=pytest.mark.full) for name in names]


@pytest.mark.parametrize("name", breadth(WORDED))
def test_worded(name, tmp_path):
    """As the plainest class a model computes the same; as the one that was trained (--like) it has its tensors again."""
    source = core_models.write(name, tmp_path / "source")
    native = convert(source, tmp_path / "native" / "step0")
    original = load(source)
    with torch.no_grad():
        want = original(TOKENS, use_cache=False).logits
    for family, like in ((WORDED[name], []), (original.config.model_type, ["--like", source])):
        folder = export(native, tmp_path / f"hf{len(like)}", *like)
        model = load(folder)
        assert model.config.model_type == {"gemma3": "gemma3_text", "qwen3_5": "qwen3_5_text"}.get(family, family)
        with torch.no_grad():
            got = model(TOKENS, use_cache=False).logits
        assert want.std() > 0.1, "these logits say nothing"
        assert (got - want).abs().max().item() < 2e-5
    state = {key.replace("language_model.", ""): tensor for key, tensor in load_file(source / "model.safetensors").items()}
    exported = load_file(folder / "model.safetensors")
    if original.config.model_type not in core_models.WITH_IMAGES and name != "gemma3-scalar":
        assert exported.keys() == state.keys()
    for key, tensor in exported.items():
        if name in SCALED or name.startswith(PLUS_ONE) and "norm" in key:
            factor = 1 if "q_norm" in key and "vision" in name else 2e-7 * state[key].abs().max().item() + 6.1e-8
            assert (tensor - state[key]).abs().max().item() <= factor, key
        else:
            assert same_bits(tensor, state[key]), key


@pytest.mark.parametrize("name", breadth(NAMES))
def test_round_trip(name, tmp_path):
    source = core_models.write(name, tmp_path / "source")
    native = convert(source, tmp_path / "native" / "step0")
    if name in REFUSED:
        done = cli.run("export", native, "--output", tmp_path / "hf")
        assert done.returncode == 1 and REFUSED[name] in done.stderr, done.stderr
        return
    folder = export(native, tmp_path / "hf")
    model, original = load(folder), load(source)
    assert model.config.model_type == COUSINS.get(name, original.config.model_type)
    assert model.config.tie_word_embeddings == original.config.tie_word_embeddings
    got, want = load_file(folder / "model.safetensors"), load_file(source / "model.safetensors")
    if original.config.tie_word_embeddings:
        want.pop("lm_head.weight", None)
    assert got.keys() == want.keys()
    for key in want:
        near = name.startswith(PLUS_ONE) and "norm" in key and (got[key] - want[key]).abs().max() < 6.1e-8
        assert near or same_bits(got[key], want[key]), key
    with torch.no_grad():
        assert torch.equal(model(TOKENS, use_cache=False).logits, original(TOKENS, use_cache=False).logits)
    again = convert(folder, tmp_path / "again" / "step0")
    items = sorted(path.relative_to(native) for path in native.glob("model_and_optim/*.distcp"))
    assert items and all((again / item).read_bytes() == (native / item).read_bytes() for item in items)


@pytest.mark.parametrize("name", breadth(OTHERS))
def test_others(name, tmp_path):
    """What is left of a model leaves as one that computes the same."""
    source = core_models.write(name, tmp_path / "source")
    folder = export(convert(source, tmp_path / "native" / "step0"), tmp_path / "hf", "--like", source)
    model, original = load(folder), load(source)
    assert model.config.model_type == OTHERS[name]
    with torch.no_grad():
        difference = model(TOKENS, use_cache=False).logits - original(TOKENS, use_cache=False).logits
    assert difference.abs().max().item() < 2e-5


@pytest.mark.parametrize("name", NAMED)
def test_named(name, tmp_path):
    """Whatever its tensors were called: transformers has the same parameters again, and the published names are written."""
    source = core_models.write(name, tmp_path / "source", torch.bfloat16 if "older" in name else torch.float32)
    native = convert(source, tmp_path / "native" / "step0")
    folder = export(native, tmp_path / "hf")
    model, original = load(folder), load(source)
    assert model.config.model_type == original.config.model_type
    for field in ("rope_theta", "rope_type"):
        assert model.config.rope_parameters[field] == original.config.rope_parameters[field]
    got, want = model.state_dict(), original.state_dict()
    assert got.keys() == want.keys() and all(same_bits(got[key], want[key]) for key in want)
    core_models.rename_hybrid(original, tmp_path / "published.safetensors", "published")
    published, exported = load_file(tmp_path / "published.safetensors"), load_file(folder / "model.safetensors")
    assert exported.keys() == published.keys()
    with torch.no_grad():
        logits = model(TOKENS, use_cache=False).logits
        assert logits.std() > 0.1 and torch.equal(logits, original(TOKENS, use_cache=False).logits)
    again = convert(folder, tmp_path / "again" / "step0")
    items = sorted(path.relative_to(native) for path in native.glob("model_and_optim/*.distcp"))
    assert items and all((again / item).read_bytes() == (native / item).read_bytes() for item in items)


@pytest.mark.parametrize("names", [["olmo2-yarn", *(name for name in REPRESENTATIVES if name in NAMES)], pytest.param(NAMES, marks=pytest.mark.full)], ids=["some", "all"])
def test_transformers_4(names, tmp_path):
    """transformers 4.57 reads every family that it has, and computes what 5 computes of the source."""
    jobs, wanted = [], {}
    for name in names:
        if name in REFUSED or core_models.VARIANTS[name][0] in NEWER:
            continue
        source = core_models.write(name, tmp_path / name / "source")
        folder = export(convert(source, tmp_path / name / "step0"), tmp_path / name / "hf")
        jobs.append({"logits": str(folder), "tokens": TOKENS.tolist(), "file": str(tmp_path / name / "logits")})
        with torch.no_grad():
            wanted[name] = load(source)(TOKENS).logits
    older = transformers4.run("loaded.py", stdin=jobs)
    assert older["version"] == "4.57.6"
    for name, file in zip(wanted, older["results"]):
        off = (torch.load(file, weights_only=True) - wanted[name]).abs().max().item()
        assert off < 1e-5, f"{name}: {off}"


def window(*pattern, first=False, last=False):
    return SlidingWindowAttentionConfig(
        pattern=list(pattern), force_full_attention_on_first_layer=first, force_full_attention_on_last_layer=last
    )


def llama_like(**changes) -> TransformerConfig:
    options = dict(
        d_model=64, n_heads=4, n_layers=4, vocab_size=160, hidden_size_multiple_of=8, attn_backend=AttentionBackendName.torch
    )
    return TransformerConfig.llama_like(**{**options, **changes})


def olmo2(**changes) -> TransformerConfig:
    return llama_like(**{"block_name": TransformerBlockType.reordered_norm, "qk_norm": True, "layer_norm_eps": 1e-6, **changes})


def changed_attention(config: TransformerConfig, **changes) -> TransformerConfig:
    for name, value in changes.items():
        setattr(config.block["attn"].sequence_mixer, name, value)
    return config


def experts(kind: MoEType, **changes) -> TransformerConfig:
    moe = MoEConfig(
        name=kind, num_experts=3, hidden_size=48, capacity_factor=4.0 if kind == MoEType.default else None,
        router=MoERouterConfig(top_k=2, **changes.pop("router", {})),
    )  # fmt: skip
    options = dict(name="moe", block_name=TransformerBlockType.moe, qk_norm=True, feed_forward_moe=moe)
    return llama_like(**{**options, **changes})


def changed(config: TransformerConfig, change) -> TransformerConfig:
    change(config, config.block.sequence_mixer)
    return config


def named(overridden: bool) -> TransformerConfig:
    """Windows on two layers of three, by named blocks in a pattern that does not divide the layers, or by overrides."""
    config = olmo2(n_layers=5, sliding_window=window(16))
    full = config.block.copy()
    full.sequence_mixer = full.sequence_mixer.copy()
    full.sequence_mixer.sliding_window = None
    if overridden:
        config.block_overrides = {2: full, 4: full}
    else:
        config.block, config.block_pattern = {"near": config.block, "far": full}, ["near", "near", "far"]
    return config


def gated(pattern=("gdn", "gdn", "gdn", "attn"), gated_norms=TransformerBlockType.default, **changes) -> TransformerConfig:
    """Gated delta nets beside attention, as OLMo-core's own scripts have them."""
    config = olmo2()
    block = config.block.copy()
    block.name = gated_norms
    block.sequence_mixer = GatedDeltaNetConfig(**{**dict(n_heads=2, head_dim=12), **changes})
    config.block, config.block_pattern = {"gdn": block, "attn": config.block}, list(pattern)
    return config


def gemma3(**changes) -> TransformerConfig:
    return TransformerConfig.gemma3_like(**{
        **dict(d_model=64, vocab_size=160, n_layers=7, n_heads=4, n_kv_heads=2, head_dim=24, hidden_size=96,
               local_window_size=16, attn_backend=AttentionBackendName.torch), **changes})  # fmt: skip


def norm(**changes) -> LayerNormConfig:
    return LayerNormConfig(**{**dict(name=LayerNormType.rms, eps=1e-5, bias=False), **changes})


def set_norms(config, attention, **changes):
    config.block.layer_norm = config.lm_head.layer_norm = norm(**changes)


YARN = YaRNRoPEScalingConfig(factor=8.0, beta_fast=32, beta_slow=1, old_context_len=64)
# the config, and what it leaves as: a model_type, or parts of the refusal
BUILT = {
    "olmo2": (olmo2, "olmo2"),
    "olmo2_1M": (lambda: TransformerConfig.olmo2_1M(160), "olmo2"),  # its head_dim is not d_model / n_heads
    "olmo2 yarn": (lambda: olmo2(n_kv_heads=2).with_rope_scaling(YARN), "olmo3"),
    "olmo3_1M": (lambda: TransformerConfig.olmo3_1M(
        160, n_layers=9, attn_backend=AttentionBackendName.torch, sliding_window=window(16, 16, 16, -1, last=True)), "olmo3"),
    "forced": (lambda: olmo2(n_layers=6, sliding_window=window(16, 16, -1, first=True, last=True)), "olmo3"),
    "olmo3 yarn": (lambda: olmo2(sliding_window=window(16, 16, 16, -1)).with_rope_scaling(YARN), "olmo3"),
    "named": (lambda: named(False), "olmo3"),
    "overridden": (lambda: named(True), "olmo3"),
    "llama": (lambda: llama_like(n_kv_heads=1, head_dim=24, tie_word_embeddings=True), "llama"),
    "llama fused": (lambda: changed(llama_like(), lambda c, a: set_norms(c, a, eps=None)), "llama"),
    "llama3": (lambda: llama_like(rope_scaling=StepwiseRoPEScalingConfig(factor=8.0, old_context_len=64)), "llama"),
    "llama3 bands": (lambda: llama_like(rope_scaling=StepwiseRoPEScalingConfig(
        factor=4.0, old_context_len=64, low_freq_proportion=0.3, high_freq_proportion=0.2)), "llama"),
    "abf": (lambda: llama_like(rope_scaling=ABFRoPEScalingConfig(new_theta=20000)), "llama"),
    "pi": (lambda: llama_like(rope_scaling=PIRoPEScalingConfig(factor=4.0), n_kv_heads=2), "llama"),
    "mistral": (lambda: llama_like(sliding_window=window(16)), "mistral"),
    "mistral yarn": (lambda: llama_like(sliding_window=window(16), rope_scaling=YARN), "mistral"),
    "qwen3": (lambda: llama_like(
        qk_norm=True, use_head_qk_norm=True, head_dim=24, n_kv_heads=2, layer_norm_name=LayerNormType.qwen_rms,
        rope_full_precision=False), "qwen3"),
    "qwen3 windows": (lambda: llama_like(qk_norm=True, use_head_qk_norm=True, sliding_window=window(16, -1)), "qwen3"),
    "gemma3": (gemma3, "gemma3_text"),
    "gemma3 tied": (lambda: gemma3(tie_word_embeddings=True, global_layer_interval=3), "gemma3_text"),
    "hybrid": (gated, "olmo_hybrid"),
    "hybrid of defaults": (lambda: gated(["gdn", "attn"], head_dim=None), "olmo_hybrid"),
    "hybrid without rope": (lambda: changed_attention(gated(n_v_heads=4, expand_v=1.5, conv_size=3), rope=None), "olmo_hybrid"),
    "hybrid after norms": (lambda: gated(gated_norms=TransformerBlockType.reordered_norm),
                           "name of layers 0, 1, 2 is reordered_norm (olmo_hybrid: default)"),
    "hybrid's biases": (lambda: gated(conv_bias=True), "conv_bias of layers 0, 1, 2 is true (olmo_hybrid: false)"),
    "hybrid's other eps": (lambda: gated(norm_eps=1e-6), "norm_eps of layers 0, 1, 2 is 1e-06 (olmo_hybrid: 1e-05)"),
    "qwen3_5": (lambda: TransformerConfig.qwen3_5_like(
        d_model=64, vocab_size=160, n_layers=4, n_heads=4, n_kv_heads=2, head_dim=32, intermediate_size=96,
        linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=12, linear_value_head_dim=12,
        attn_backend=AttentionBackendName.torch), "qwen3_5_text"),
    "bfloat16": (lambda: olmo2(dtype=DType.bfloat16), "olmo2"),
    "abf of some": (lambda: olmo2(sliding_window=window(16, -1)).with_rope_scaling(
        ABFRoPEScalingConfig(new_theta=20000)), "rope.theta of layers 0, 2 is 500000 (olmo3: 20000)"),
    "pre-norm": (lambda: llama_like(qk_norm=True), "sequence_mixer.qk_norm is {bias: false, "),
    "windows of some": (lambda: llama_like(sliding_window=window(16, -1)), "ministral"),
    "two windows": (lambda: olmo2(sliding_window=window(16, 32)), "sliding_window of layers 0, 2 is 16 (olmo3: 32)"),
    "window without rope": (lambda: olmo2(sliding_window=window(16, -1), no_global_rope=True), "use_head_qk_norm is false (exaone4: true)"),
    "gate": (lambda: llama_like(gate=GateConfig()), "sequence_mixer.gate is"),
    "sinks": (lambda: changed(llama_like(), lambda c, a: setattr(a, "attention_sinks", True)), "granite_swa"),
    "softmax": (lambda: changed(llama_like(), lambda c, a: setattr(a, "scalable_softmax", True)), "scalable_softmax is true"),
    "no global rope": (lambda: llama_like(no_global_rope=True), "smollm3"),
    "partial rope": (lambda: changed(llama_like(), lambda c, a: setattr(a.rope, "partial_rotary_factor", 0.5)), "phi3"),
    "no rope": (lambda: changed(llama_like(), lambda c, a: setattr(a, "rope", None)), "smollm3"),
    "embedding norm": (lambda: changed(llama_like(), lambda c, a: setattr(c, "embedding_norm", norm())), "embedding_norm is"),
    "plain norms": (lambda: changed(llama_like(), lambda c, a: set_norms(c, a, elementwise_affine=False)),
                    "elementwise_affine is false"),
    "layer norm": (lambda: changed(llama_like(), lambda c, a: set_norms(c, a, name=LayerNormType.default)),
                   "layer_norm.name is default (llama: rms)"),
    "rescaled": (lambda: llama_like(rope_scaling=PIRoPEScalingConfig(factor=4.0, attention_rescale_factor=1.1)),
                 "attention_rescale_factor is 1.1"),
    "clipped": (lambda: changed(llama_like(), lambda c, a: setattr(a, "clip_qkv", 8.0)), "clip_qkv is 8"),
    "residual": (lambda: changed(llama_like(), lambda c, a: setattr(c.block, "attention_residual_alpha", 0.5)),
                 "attention_residual_alpha is 0.5 (llama: 1"),
    "gelu": (lambda: llama_like(feed_forward=FeedForwardConfig(hidden_size=96, bias=False, activation=ActivationFunction.gelu_tanh)),
             "activation is gelu_tanh (llama: silu)"),
    "two widths": (lambda: changed(olmo2(n_layers=2), lambda c, a: setattr(c, "block_overrides", {
        1: olmo2(feed_forward=FeedForwardConfig(hidden_size=32, bias=False)).block})), "hidden_size of layer 1 is 32 (olmo2: "),
    "nGPT": (lambda: TransformerConfig.ngpt_like(d_model=64, vocab_size=160, n_layers=2, n_heads=4), "name is normalized"),
}  # fmt: skip


def save(config: TransformerConfig, folder: Path, spelled=lambda model: model, root: bool = False):
    """A checkpoint as OLMo-core's scripts leave it, of a model whose parameters are all different."""
    torch.manual_seed(7)
    model = config.build().eval()
    model.init_weights(max_seq_len=LENGTH, device=torch.device("cpu"))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape).to(parameter.dtype))
    folder.mkdir(parents=True)
    save_model_and_optim_state(folder if root else folder / "model_and_optim", model, save_overwrite=True)
    (folder / "config.json").write_text(json.dumps({"model": spelled(config.as_config_dict())}))
    return model


def older(model):
    """The names that OLMo-core had before 2.5."""
    if isinstance(model, list):
        return [older(value) for value in model]
    if not isinstance(model, dict):
        return model
    return {{"sequence_mixer": "attention"}.get(name, name): older(value) for name, value in model.items() if name != "type"}


@pytest.mark.parametrize("name", BUILT)
def test_built_by_olmo_core(name, tmp_path):
    make, want = BUILT[name]
    spelled = older if name in ("olmo2", "named", "overridden") else lambda model: model
    model = save(make(), tmp_path / "run" / "step7", spelled)
    done = cli.run("export", "run/step7", cwd=tmp_path)
    if not want.replace("_", "").isalnum():
        assert done.returncode == 1 and want in done.stderr, done.stderr
        assert "no class of transformers computes this model" in done.stderr
        assert not (tmp_path / "run-step7-hf").exists()
        return
    assert done.returncode == 0, done.stderr
    exported = load(tmp_path / "run-step7-hf")
    assert exported.config.model_type == want
    with torch.no_grad():
        got, expected = exported(TOKENS, use_cache=False).logits, model(TOKENS)
    assert expected.std() > 0.1, "these logits say nothing"
    limit = 2e-5 if expected.dtype == torch.float32 else 0.1
    assert (got - expected).abs().max().item() < limit, (got - expected).abs().max().item()


EXPERTS = {
    "olmoe": (lambda: experts(MoEType.dropless), "olmoe"),
    "olmoe default": (lambda: experts(MoEType.default, n_kv_heads=2), "olmoe"),
    "flex_olmo": (lambda: experts(MoEType.dropless, block_name=TransformerBlockType.moe_reordered_norm,
                                  router={"normalize_expert_weights": 1.0}), "flex_olmo"),
    "flex_olmo default": (lambda: experts(MoEType.default, block_name=TransformerBlockType.moe_reordered_norm), "flex_olmo"),
    "two norm": (lambda: experts(MoEType.dropless, router={"normalize_expert_weights": 2.0}),
                 "normalize_expert_weights is 2"),
    "sigmoid": (lambda: experts(MoEType.dropless, router={"gating_function": "sigmoid"}), "gating_function is sigmoid"),
    "shared": (lambda: changed(experts(MoEType.dropless), lambda c, a: setattr(
        c.block.feed_forward_moe, "shared_mlp", FeedForwardConfig(hidden_size=32, bias=False))), "shared_mlp is"),
}  # fmt: skip


def test_experts(tmp_path):
    """Mixtures of experts, which OLMo-core's own kernels compute in Triton's interpreter: in a process of its own."""
    folders = {}
    for name, (make, want) in EXPERTS.items():
        folder = tmp_path / name.replace(" ", "-")
        torch.manual_seed(7)
        save(make(), folder, root=True)
        done = cli.run("export", folder, cwd=tmp_path)
        if not want.replace("_", "").isalnum():
            assert done.returncode == 1 and want in done.stderr, done.stderr
            continue
        assert done.returncode == 0, done.stderr
        assert ("drops tokens past the capacity" in done.stderr) == ("default" in name), done.stderr
        folders[name] = folder
    tokens = TOKENS[:1, :48]  # the interpreter is slow
    torch.save(tokens, tmp_path / "tokens.pt")
    worker = Path(__file__).with_name("core_logits_worker.py")
    command = [sys.executable, worker, tmp_path / "tokens.pt", *folders.values()]
    done = subprocess.run([*map(str, command)], text=True, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    for name, folder in folders.items():
        found = torch.load(f"{folder}.logits", weights_only=True)
        assert "error" not in found, f"{name}: {found}"
        exported = load(Path(f"{folder}-hf"))
        assert exported.config.model_type == EXPERTS[name][1]
        with torch.no_grad():
            got = exported(tokens, use_cache=False).logits
        assert found["logits"].std() > 0.1, "these logits say nothing"
        off = (got - found["logits"]).abs().max().item()
        assert off < 2e-5, f"{name}: {off}"


# how a model is trained: its config, how its parameters are spread over four ranks, and what it leaves as
TRAINED = {
    "olmo2": (lambda: olmo2(n_layers=2), "hsdp", "olmo2"),
    "olmo3": (lambda: olmo2(sliding_window=window(8, 8, 8, -1)).with_rope_scaling(YARN), "fsdp", "olmo3"),
    "llama3": (lambda: llama_like(rope_scaling=BUILT["llama3"][0]().block.sequence_mixer.rope.scaling), "tp", "llama"),
    "qwen3": (lambda: llama_like(qk_norm=True, use_head_qk_norm=True, head_dim=24, n_kv_heads=2), "fsdp", "qwen3"),
    "gemma3": (lambda: gemma3(tie_word_embeddings=True), "hsdp", "gemma3_text"),
    "mistral": (lambda: llama_like(sliding_window=window(8)), "fsdp", "mistral"),
    "olmoe": (lambda: experts(MoEType.dropless, n_layers=2), "fsdp", "olmoe"),
    "olmo_hybrid": (gated, "fsdp", "olmo_hybrid"),
}


def test_trained(tmp_path):
    """What OLMo-core's Trainer saved on four ranks, by its folder, and how long its sequences were."""
    tokens = TOKENS[:1, :40]
    torch.save(tokens, tmp_path / "tokens.pt")
    for name, (make, spread, _) in TRAINED.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"model": make().as_config_dict(), "spread": spread}))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=4"]
    command += [Path(__file__).with_name("core_save_worker.py"), tmp_path, *TRAINED]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*map(str, command)], env=environment, text=True, capture_output=True, timeout=900)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    for name, (_, _, family) in TRAINED.items():
        done = cli.run("export", tmp_path / name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        folder = tmp_path / f"{name}-step2-hf"
        model = load(folder)
        assert model.config.model_type == family
        longest = {"olmo3": 8 * 64, "llama3": 8 * 64}.get(name, 16)  # what rope was scaled to, else what it was trained on
        assert model.config.max_position_embeddings == longest
        with torch.no_grad():
            got, want = model(tokens, use_cache=False).logits, torch.load(tmp_path / f"{name}.logits", weights_only=True)
        assert want.std() > 0.1, "these logits say nothing"
        off = (got - want).abs().max().item()
        assert off < 1e-5, f"{name}: {off}"
