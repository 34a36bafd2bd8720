"""OLMo-core's gated delta net on the CPU: import this before olmo_core.

Its kernels are those of the package fla, which need a GPU. transformers has each of them in plain torch as well, for
its own layers of this kind: those are given to OLMo-core here, under fla's names. All else is OLMo-core's own.
"""

import importlib.machinery
import sys
import types

import torch
from transformers.models.olmo_hybrid import modeling_olmo_hybrid as plain


class FusedRMSNormGated(plain.OlmoHybridRMSNormGated):
    def __init__(self, size, eps=1e-5, device=None):
        super().__init__(size, eps=eps)

    def reset_parameters(self):
        torch.nn.init.ones_(self.weight)

    def forward(self, x, gate):
        return super().forward(x, gate).contiguous()


def causal_conv1d(x, weight, bias=None, activation=None, backend=None, cu_seqlens=None):
    assert cu_seqlens is None
    return plain.causal_conv1d_fn(x.transpose(1, 2), weight, bias, activation).transpose(1, 2), None


def chunk_gated_delta_rule(q, k, v, g, beta, use_qk_l2norm_in_kernel, cu_seqlens=None, **rest):
    assert cu_seqlens is None and not any(rest.values())
    return plain.torch_chunk_gated_delta_rule(q, k, v, g=g, beta=beta, use_qk_l2norm_in_kernel=use_qk_l2norm_in_kernel)


def pretend(name: str, **members) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(members, __path__=[], __spec__=importlib.machinery.ModuleSpec(name, None))
    sys.modules[name] = module


assert "olmo_core.nn.attention" not in sys.modules
pretend("fla", __version__="0.4.0")
pretend("fla.modules", FusedRMSNormGated=FusedRMSNormGated)
pretend("fla.modules.convolution", causal_conv1d=causal_conv1d)
pretend("fla.ops")
pretend("fla.ops.gated_delta_rule", chunk_gated_delta_rule=chunk_gated_delta_rule)
