"""Small real models, built by the real libraries from a seed."""

import warnings

import torch
from hf_olmo import OLMoConfig
from hf_olmo import OLMoForCausalLM as OldOLMoForCausalLM
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    MptConfig,
    MptForCausalLM,
    Olmo2Config,
    Olmo2ForCausalLM,
    OlmoConfig,
    OlmoForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
)

warnings.filterwarnings("ignore", message="Embedding size is not a multiple of 128")

CLASSES = {
    "olmo": (OlmoConfig, OlmoForCausalLM),
    "olmo2": (Olmo2Config, Olmo2ForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "mpt": (MptConfig, MptForCausalLM),
    "phi3": (Phi3Config, Phi3ForCausalLM),
    "hf_olmo": (OLMoConfig, OldOLMoForCausalLM),
}

# Token ids of the tokenizer in tokenizer.py.
EOS, PAD = 0, 1


def build(family: str, seed: int, **config):
    """A model of the family in float32 with random weights, norms and biases included."""
    config_class, model_class = CLASSES[family]
    config = {"eos_token_id": EOS, "pad_token_id": PAD, **config}
    if family == "hf_olmo":
        dropouts = dict.fromkeys(["attention_dropout", "residual_dropout", "embedding_dropout"], 0.0)
        model = model_class(config_class(**{**dropouts, **config}), init_params=True)
    else:
        config.setdefault("bos_token_id", None)
        model = model_class(config_class(**config))
    randomize(model, seed)
    return model.eval()


def randomize(model, seed: int) -> None:
    """Weights that distinguish any two tensors, rows and columns: nothing is left at ones or zeros."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1:
                offset = 1.0 if name.endswith("weight") else 0.0
                parameter.copy_(offset + 0.2 * noise)
            else:
                parameter.copy_(noise * parameter.shape[1] ** -0.5)


def logits(model, tokens: torch.Tensor) -> torch.Tensor:
    """The reference logits: transformers' own, or those of the OLMo module inside the hf_olmo class."""
    with torch.no_grad():
        if isinstance(model, OldOLMoForCausalLM):  # its own forward does not run with transformers 5
            return model.model(tokens).logits
        return model(tokens, use_cache=False).logits


# The shapes of the interop suite: width, kv width, MLP, rows all differ. Widths of fused parts are multiples of 16, as
# those of real models are: then the fused product equals that of the parts to the last bit (see logits.py).
_TRANSFORMERS = dict(
    hidden_size=64, num_attention_heads=4, num_hidden_layers=2, intermediate_size=96, vocab_size=160,
    max_position_embeddings=48,
)  # fmt: skip
_NATIVE = dict(
    d_model=64, n_heads=4, n_layers=2, mlp_hidden_size=192, vocab_size=91, embedding_size=160, max_sequence_length=48,
)  # fmt: skip
_MODERN = dict(_NATIVE, rope=True, include_bias=False, weight_tying=False)

# Every variant by name: family and config.
VARIANTS = {
    "olmo": ("olmo", dict(_TRANSFORMERS)),
    "olmo-tied": ("olmo", dict(_TRANSFORMERS, tie_word_embeddings=True)),
    "olmo-clip": ("olmo", dict(_TRANSFORMERS, clip_qkv=0.4, num_key_value_heads=2)),
    "olmo2-mha": ("olmo2", dict(_TRANSFORMERS, rms_norm_eps=1e-6, rope_theta=500000.0)),
    "olmo2": ("olmo2", dict(_TRANSFORMERS, num_key_value_heads=2, num_hidden_layers=3)),
    "olmo2-tied": ("olmo2", dict(_TRANSFORMERS, num_key_value_heads=1, tie_word_embeddings=True)),
    "llama": ("llama", dict(_TRANSFORMERS, num_key_value_heads=2, rms_norm_eps=1e-5)),
    "llama-tied": ("llama", dict(_TRANSFORMERS, num_key_value_heads=1, tie_word_embeddings=True)),
    "mistral": ("mistral", dict(_TRANSFORMERS, num_key_value_heads=2, sliding_window=None, rope_theta=1000000.0)),
    "phi3": ("phi3", dict(_TRANSFORMERS, num_key_value_heads=2)),
    "hf_olmo": ("hf_olmo", dict(_MODERN)),
    "hf_olmo-gqa": ("hf_olmo", dict(_MODERN, n_kv_heads=2, clip_qkv=0.4, rope_theta=500000, scale_logits=True)),
    "hf_olmo-gpt": ("hf_olmo", dict(_NATIVE, activation_type="gelu", embedding_layer_norm=True, weight_tying=False)),
    "hf_olmo-tied": ("hf_olmo", dict(_NATIVE, activation_type="relu", bias_for_layer_norm=False, embedding_size=None)),
    "hf_olmo-alibi": ("hf_olmo", dict(_NATIVE, alibi=True, multi_query_attention=True, mlp_hidden_size=None)),
    "hf_olmo-llama": ("hf_olmo", dict(_MODERN, block_type="llama", layer_norm_type="rms", attention_layer_norm=True)),
    "hf_olmo-llama-mqa": ("hf_olmo", dict(_MODERN, block_type="llama", multi_query_attention=True, include_bias=True)),
    "hf_olmo-groups": ("hf_olmo", dict(_MODERN, n_layers=4, block_group_size=2, layer_norm_with_affine=False)),
    "hf_olmo-qknorm": (
        "hf_olmo",
        dict(_MODERN, n_kv_heads=1, layer_norm_type="rms", attention_layer_norm=True, norm_after=True,
             bias_for_layer_norm=True),
    ),
}  # fmt: skip


def variant(name: str, seed: int = 7, **changes):
    """One of VARIANTS, built."""
    family, config = VARIANTS[name]
    return build(family, seed, **{**config, **changes})
