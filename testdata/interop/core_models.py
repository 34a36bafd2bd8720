"""Small real models of the families that convert to OLMo-core, built by transformers from a seed."""

import json
from pathlib import Path

import containers
import models
import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, Qwen2Config, Qwen2ForCausalLM
from transformers.models.qwen2.modeling_qwen2 import Qwen2DecoderLayer

# What the families beyond those of models.py are called here and in config.json; transformers knows their classes.
FAMILIES = [
    "cwm", "dots1", "emu3", "ernie4_5", "exaone4", "flex_olmo", "gemma", "gemma3", "gemma3_text", "glm", "glm4", "glm4_moe", "got_ocr2", "granite", "granite_swa", "helium",
    "hyperclovax", "internlm3", "iquestcoder", "mellum", "ministral",
    "ministral3", "moss_transcribe_diarize",    "mixtral", "olmo3", "olmo_hybrid", "qwen3_5", "qwen3_5_text", "olmoe", "phi3", "qwen2", "qwen3", "qwen3_moe", "seed_oss", "smollm3", "stablelm",
]  # fmt: skip


WITH_IMAGES = ("emu3", "gemma3", "got_ocr2", "qwen3_5")


def classes(family: str) -> tuple:
    config = type(AutoConfig.for_model(family))
    kind = AutoModelForImageTextToText if family in WITH_IMAGES else AutoModelForCausalLM
    return config, kind._model_mapping[config]


models.CLASSES |= {family: classes(family) for family in FAMILIES}


class MiMoConfig(Qwen2Config):
    """That of XiaomiMiMo/MiMo-7B-Base, whose code is not in transformers."""

    model_type = "mimo"
    num_nextn_predict_layers: int = 0


class MiMoForCausalLM(Qwen2ForCausalLM):
    """Its model: Qwen 2 with layers that are there for the tokens after the next."""

    config_class = MiMoConfig

    def __init__(self, config):
        super().__init__(config)
        further = [Qwen2DecoderLayer(config, config.num_hidden_layers - 1) for _ in range(config.num_nextn_predict_layers)]
        self.model.mtp_layers = torch.nn.ModuleList(further)


AutoConfig.register("mimo", MiMoConfig)
AutoModelForCausalLM.register(MiMoConfig, MiMoForCausalLM)
models.CLASSES["mimo"] = (MiMoConfig, MiMoForCausalLM)

# Width, kv width, MLP and rows all differ, so that a mix-up shows; 200 tokens are more than any window.
BASE = dict(
    hidden_size=64, num_attention_heads=4, num_key_value_heads=2, num_hidden_layers=2, intermediate_size=96,
    vocab_size=160, max_position_embeddings=256,
)  # fmt: skip
DEEP = dict(BASE, num_hidden_layers=5)
EXPERTS = dict(BASE, num_experts=3, num_experts_per_tok=2)
SHARED_EXPERT = dict(
    DEEP, head_dim=24, moe_intermediate_size=40, n_routed_experts=5, num_experts_per_tok=2, first_k_dense_replace=1,
)  # fmt: skip
QWEN_EXPERTS = dict(EXPERTS, head_dim=24, moe_intermediate_size=40)
WINDOWS = ["sliding_attention", "full_attention", "sliding_attention", "sliding_attention", "full_attention"]
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64)
LLAMA3 = dict(
    rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=64,
)  # fmt: skip
LINEAR = dict(rope_type="linear", rope_theta=10000.0, factor=4.0)
PLAIN = dict(rope_type="default", rope_theta=500000.0)
OLMO3_YARN = {
    "full_attention": dict(YARN, rope_theta=500000.0, attention_factor=1.138629436111989), "sliding_attention": PLAIN,
}  # fmt: skip
GEMMA = dict(DEEP, head_dim=24, query_pre_attn_scalar=24, sliding_window=16, num_hidden_layers=7)
GEMMA_ROPE = {"full_attention": dict(LINEAR, rope_theta=1000000.0), "sliding_attention": dict(PLAIN, rope_theta=10000.0)}
# A text model of which its own q norm makes up for what heads are scaled by, and a tower.
GEMMA_VISION = dict(
    text_config=dict(GEMMA, query_pre_attn_scalar=32), mm_tokens_per_image=4,
    vision_config=dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=28,
                       patch_size=14),
)  # fmt: skip

# Twice as many heads for values, and a convolution whose parts are nowhere equal.
GATED = dict(
    linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=12, linear_value_head_dim=20,
    linear_conv_kernel_dim=3, linear_allow_neg_eigval=False,
)  # fmt: skip

QWEN_GATED = dict(
    DEEP, head_dim=32, linear_key_head_dim=12, linear_value_head_dim=16, linear_num_key_heads=2, linear_num_value_heads=4,
)  # fmt: skip
QWEN_VISION = dict(depth=1, hidden_size=16, num_heads=2, intermediate_size=16, out_hidden_size=64, num_position_embeddings=16)

EMU_VISION = dict(embed_dim=4, base_channels=32, channel_multiplier=[1], num_res_blocks=1, hidden_size=32, codebook_size=64,
                  temporal_downsample_factor=1, attn_resolutions=[])  # fmt: skip
GOT_VISION = dict(hidden_size=16, output_channels=8, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16,
                  mlp_dim=16, window_size=2, global_attn_indexes=[0])  # fmt: skip
MOSS_AUDIO = dict(num_mel_bins=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, hidden_size=16,
                  max_source_positions=8)  # fmt: skip

# name: family, config, and the transformers version that config.json is like, or how the tensors are called.
VARIANTS = {
    "olmo2": ("olmo2", dict(BASE, rms_norm_eps=1e-6, rope_theta=500000.0), 5),
    "olmo2-mha": ("olmo2", dict(BASE, num_key_value_heads=4, tie_word_embeddings=True), 4),
    "olmo2-yarn": ("olmo2", dict(BASE, rope_parameters=YARN), 5),
    "olmo3": ("olmo3", dict(DEEP, sliding_window=16), 5),
    "olmo3-flat": ("olmo3", dict(DEEP, sliding_window=16), 4),
    "olmo3-yarn": ("olmo3", dict(DEEP, sliding_window=24, rope_parameters=OLMO3_YARN), 5),
    "olmo3-yarn-flat": ("olmo3", dict(DEEP, sliding_window=24, rope_parameters=OLMO3_YARN), 4),
    "olmo3-two-thetas": ("olmo3", dict(DEEP, sliding_window=16, rope_parameters={
        "full_attention": dict(PLAIN, rope_theta=10000.0), "sliding_attention": PLAIN}), 5),
    "olmo3-full": ("olmo3", dict(BASE, layer_types=["full_attention"] * 2), 5),
    "llama": ("llama", dict(BASE, rms_norm_eps=1e-5), 5),
    "llama-tied": ("llama", dict(BASE, tie_word_embeddings=True, num_key_value_heads=1), 4),
    "llama-llama3": ("llama", dict(BASE, rope_parameters=LLAMA3), 5),
    "llama-llama3-flat": ("llama", dict(BASE, rope_parameters=LLAMA3), 4),
    "llama-linear": ("llama", dict(BASE, rope_parameters=LINEAR), 5),
    "llama-yarn": ("llama", dict(BASE, rope_parameters=YARN), 4),
    "llama-head": ("llama", dict(BASE, head_dim=24), 5),
    "mistral": ("mistral", dict(BASE, sliding_window=None, rope_theta=1000000.0), 5),
    "mistral-window": ("mistral", dict(BASE, sliding_window=16, head_dim=8), 4),
    "qwen3": ("qwen3", dict(BASE, head_dim=24, rope_theta=1000000.0), 5),
    "qwen3-tied": ("qwen3", dict(BASE, head_dim=16, tie_word_embeddings=True), 4),
    "qwen3-window": ("qwen3", dict(DEEP, head_dim=16, use_sliding_window=True, sliding_window=16, max_window_layers=2,
                                   rope_parameters=YARN), 5),
    "gemma3": ("gemma3_text", GEMMA, 5),
    "gemma3-flat": ("gemma3_text", dict(GEMMA, rope_parameters=GEMMA_ROPE), 4),
    "gemma3-scaled": ("gemma3_text", dict(GEMMA, rope_parameters=GEMMA_ROPE, tie_word_embeddings=False), 5),
    "gemma3-scalar": ("gemma3_text", dict(GEMMA, query_pre_attn_scalar=96), 5),
    "gemma3-vision": ("gemma3", GEMMA_VISION, 5),
    "gemma3-vision-untied": ("gemma3", dict(GEMMA_VISION, tie_word_embeddings=False), 5),
    "olmoe": ("olmoe", dict(EXPERTS, norm_topk_prob=True), 5),
    "olmoe-flat": ("olmoe", EXPERTS, 4),
    "flex_olmo": ("flex_olmo", EXPERTS, 5),
    "olmo": ("olmo", BASE, 5),
    "olmo-clip": ("olmo", dict(BASE, clip_qkv=0.4, tie_word_embeddings=True), 4),
    "llama-bias": ("llama", dict(BASE, attention_bias=True, mlp_bias=True), 5),
    "qwen3-bias": ("qwen3", dict(BASE, head_dim=24, attention_bias=True), 5),
    "ministral": ("ministral", dict(DEEP, head_dim=24, sliding_window=16, layer_types=WINDOWS), 5),
    "cwm": ("cwm", dict(DEEP, head_dim=24, sliding_window=16, rope_parameters=LLAMA3, mlp_bias=True, bos_token_id=2), 5),
    "exaone4": ("exaone4", dict(BASE, sliding_window=None, layer_types=["full_attention"] * 2), 5),
    "exaone4-window": ("exaone4", dict(DEEP, sliding_window=16, rope_parameters=LLAMA3), 5),
    "smollm3": ("smollm3", dict(DEEP), 5),
    "smollm3-window": ("smollm3", dict(DEEP, use_sliding_window=True, sliding_window=16, mlp_bias=True), 5),
    "gemma": ("gemma", dict(BASE, head_dim=24), 5),
    "stablelm": ("stablelm", BASE, 5),
    "stablelm-bias": ("stablelm", dict(BASE, use_qkv_bias=True), 5),
    "qwen2": ("qwen2", dict(BASE, rope_theta=1000000.0), 5),
    "qwen2-tied": ("qwen2", dict(DEEP, tie_word_embeddings=True, use_sliding_window=True, sliding_window=16,
                                 max_window_layers=2, rope_parameters=YARN), 4),
    "seed_oss": ("seed_oss", dict(BASE, head_dim=24, attention_dropout=0.0), 5),
    "mimo": ("mimo", dict(BASE, head_dim=24, num_nextn_predict_layers=1), 4),
    "ministral3": ("ministral3", dict(BASE, head_dim=24, rope_parameters=dict(YARN, llama_4_scaling_beta=0.0)), 5),
    "phi3": ("phi3", dict(BASE, sliding_window=16), 5),
    "phi3-part": ("phi3", dict(BASE, rope_parameters=dict(PLAIN, partial_rotary_factor=0.75)), 5),
    "granite": ("granite", dict(BASE, attention_bias=True, embedding_multiplier=12.0, logits_scaling=8.0,
                                residual_multiplier=0.22, attention_multiplier=0.1), 5),
    "granite_swa": ("granite_swa", dict(DEEP, sliding_window=16, embedding_multiplier=12.0, logits_scaling=8.0,
                    residual_multiplier=0.22, attention_multiplier=0.1, layer_rope_theta=[0, 500000, 500000, 500000, 0]), 5),
    "granite_swa-thetas": ("granite_swa", dict(DEEP, sliding_window=16, layer_types=WINDOWS, attention_bias=True,
                           tie_word_embeddings=False, attention_multiplier=0.25, layer_rope_theta=[10000, 500000, 10000, 0, 500000]), 5),
    "glm4": ("glm4", dict(BASE, head_dim=24), 5),
    "glm": ("glm", dict(BASE, head_dim=24), 5),
    "emu3": ("emu3", dict(text_config=dict(BASE, pad_token_id=1), vq_config=EMU_VISION, vocabulary_map={"<image>": 100}), 5),
    "got_ocr2": ("got_ocr2", dict(text_config=BASE, vision_config=GOT_VISION, image_token_index=150), 5),
    "moss_transcribe_diarize": ("moss_transcribe_diarize", dict(
        text_config=dict(BASE, head_dim=24), audio_config=MOSS_AUDIO, audio_token_id=150), 5),
    "ernie4_5": ("ernie4_5", dict(BASE, head_dim=24, use_bias=True), 5),
    "helium": ("helium", dict(BASE, head_dim=16), 5),  # its last projection is as wide as the model
    "helium-bias": ("helium", dict(BASE, head_dim=16, attention_bias=True, mlp_bias=True), 4),
    "hyperclovax": ("hyperclovax", dict(BASE, head_dim=24, embedding_multiplier=10.0, logits_scaling=0.125,
                                        residual_multiplier=0.5, attention_multiplier=0.1), 5),
    "hyperclovax-pre": ("hyperclovax", dict(BASE, use_post_norm=False, logits_scaling=0.3), 5),
    "internlm3": ("internlm3", dict(BASE, head_dim=24, attention_bias=True, mlp_bias=True), 5),
    "iquestcoder": ("iquestcoder", dict(BASE, head_dim=24), 4),
    "qwen3_moe": ("qwen3_moe", dict(QWEN_EXPERTS, norm_topk_prob=True), 5),
    "qwen3_moe-window": ("qwen3_moe", dict(QWEN_EXPERTS, use_sliding_window=True, sliding_window=16), 5),
    "dots1": ("dots1", dict(SHARED_EXPERT, n_shared_experts=2, norm_topk_prob=True, sliding_window=16, layer_types=WINDOWS,
                            attention_bias=True), 5),
    "dots1-full": ("dots1", dict(SHARED_EXPERT, n_shared_experts=1, first_k_dense_replace=0, sliding_window=None,
                                 routed_scaling_factor=2.5), 5),
    "glm4_moe": ("glm4_moe", dict(SHARED_EXPERT, attention_bias=True, routed_scaling_factor=2.5, use_qk_norm=True), 5),
    "glm4_moe-sparse": ("glm4_moe", dict(SHARED_EXPERT, first_k_dense_replace=0, n_shared_experts=2), 5),
    "mellum": ("mellum", dict(DEEP, num_experts=3, num_experts_per_tok=2, head_dim=24, moe_intermediate_size=40,
                              sliding_window=16, layer_types=WINDOWS), 5),
    "mellum-yarn": ("mellum", dict(DEEP, num_experts=3, num_experts_per_tok=2, head_dim=24, moe_intermediate_size=40,
                                   sliding_window=16, layer_types=WINDOWS, rope_parameters=OLMO3_YARN), 5),
    "mixtral": ("mixtral", dict(BASE, num_local_experts=3, num_experts_per_tok=2), 5),
    "olmo_hybrid": ("olmo_hybrid", DEEP, 5),
    "olmo_hybrid-uneven": ("olmo_hybrid", dict(DEEP, **GATED, attention_bias=True, tie_word_embeddings=True,
                                               rope_parameters=YARN), 5),
    "olmo_hybrid-published": ("olmo_hybrid", dict(DEEP, rope_parameters={"rope_theta": None}), "published"),
    "olmo_hybrid-older": ("olmo_hybrid", dict(BASE, **GATED), "older"),
    "qwen3_5_text": ("qwen3_5_text", QWEN_GATED, 5),
    "qwen3_5_text-tied": ("qwen3_5_text", dict(QWEN_GATED, tie_word_embeddings=True, rope_parameters=dict(
        PLAIN, partial_rotary_factor=0.5, mrope_section=[3, 3, 2], mrope_interleaved=True)), 5),
    "qwen3_5": ("qwen3_5", dict(text_config=QWEN_GATED, vision_config=QWEN_VISION), 5),
    "olmo_hybrid-whole": ("olmo_hybrid", dict(DEEP, **GATED, rope_parameters={"rope_theta": None}), "whole"),
}  # fmt: skip
SPARSE = ("olmoe", "flex_olmo", "qwen3_moe", "dots1", "glm4_moe", "mellum", "mixtral")
DENSE = [name for name, (family, *_) in VARIANTS.items() if family not in SPARSE]


def write(name: str, folder: Path, dtype=torch.float32, container: str = "safetensors", seed: int = 11, **changes) -> Path:
    """One of VARIANTS in a folder, as people have it."""
    family, config, dialect = VARIANTS[name]
    model = models.build(family, seed, **{**config, **changes})
    if family in ("gemma", "gemma3", "gemma3_text"):  # its norms multiply by 1 + weight
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() == 1:
                    parameter.sub_(1.0)
    if family.startswith("qwen3_5"):  # the same, but for the norm in a gated delta net
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                if key.endswith("norm.weight") and "linear_attn" not in key and "visual" not in key:
                    parameter.sub_(1.0)
    biases = torch.Generator().manual_seed(seed)
    for key, buffer in model.named_buffers():  # what chooses experts, which models.randomize leaves at zero
        if key.endswith("e_score_correction_bias"):
            buffer.copy_(0.3 * torch.randn(buffer.shape, generator=biases))
    containers.write(model, folder, container, dtype)
    if dialect == 4:
        rewrite_config_as_v4(folder / "config.json")
    elif dialect != 5:
        rename_hybrid(model, folder / "model.safetensors", dialect)
    return folder


def rename_hybrid(model, path: Path, names: str) -> None:
    """The file of an Olmo-Hybrid under other names than transformers 5.23 saves."""
    save_file(hybrid_tensors(model, names), path, {"format": "pt"})


def hybrid_tensors(model, names: str) -> dict:
    """The tensors of an Olmo-Hybrid as they may be named: "whole", as the class has them; "published", with a
    convolution each of q, k and v; "older", with the norms' names of the first release too."""
    tensors = {}
    for name, tensor in model.state_dict().items():
        attention = model.model.layers[int(name.split(".")[2])] if ".layers." in name else None
        if names != "whole" and name.endswith("conv1d.weight"):
            gated = attention.linear_attn
            parts = tensor.split([gated.key_dim, gated.key_dim, gated.value_dim])
            tensors |= {name.replace("conv1d", f"{part}_conv1d"): rows.clone() for part, rows in zip("qkv", parts)}
            continue
        if names == "older" and hasattr(attention, "linear_attn"):
            name = name.replace("input_layernorm", "attention_layer_norm")
            name = name.replace("post_attention_layernorm", "feedforward_layer_norm")
        if not (name == "lm_head.weight" and model.config.tie_word_embeddings):
            tensors[name] = tensor.clone()
    return tensors


def rewrite_config_as_v4(path: Path) -> None:
    """config.json as transformers 4 wrote it and the Hub has it: one flat rope, windows by a pattern."""
    config = json.loads(path.read_text())
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.57.1"
    rope = config.pop("rope_parameters")
    if "full_attention" in rope:
        config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope = rope["full_attention"]
        if config["model_type"] == "olmo3":
            del config["rope_local_base_freq"]
        del config["layer_types"]  # those that the family has by default
    config["rope_theta"] = rope["rope_theta"]
    scaled = {key: value for key, value in rope.items() if key != "rope_theta"}
    config["rope_scaling"] = scaled if scaled["rope_type"] != "default" else None
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
