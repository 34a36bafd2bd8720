"""The sums that transformers 4.57.6 and 5 do in another order, as 4.57.6 does them: see modeling_<type>.py of both.

- Experts: 4.57.6 multiplies by gate_proj and up_proj one after the other, 5 by both at once (gate_up_proj). In float32 a matrix of
  another width is multiplied in other blocks. In bfloat16 the bundled models show no difference.
- stablelm: 4.57.6 divides the scores of attention by the root of head_dim, 5 multiplies by head_dim ** -0.5."""

import contextlib
import math
from unittest import mock

import torch
from torch.nn.functional import linear, one_hot, softmax
from transformers.models.flex_olmo import modeling_flex_olmo
from transformers.models.mixtral import modeling_mixtral
from transformers.models.stablelm import modeling_stablelm


def experts(self, states, indices, weights):
    out = torch.zeros_like(states)
    chosen = one_hot(indices, num_classes=self.num_experts).permute(2, 1, 0)
    for expert in range(self.num_experts):
        position, token = torch.where(chosen[expert])
        gate, up = self.gate_up_proj[expert].chunk(2)
        inner = self.act_fn(linear(states[token], gate)) * linear(states[token], up)
        out.index_add_(0, token, linear(inner, self.down_proj[expert]) * weights[token, position, None])
    return out


def attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **_):
    key, value = (modeling_stablelm.repeat_kv(x, module.num_key_value_groups) for x in (key, value))
    scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
    scores = softmax(scores if attention_mask is None else scores + attention_mask, dim=-1, dtype=torch.float32)
    return (scores.to(query.dtype) @ value).transpose(1, 2).contiguous(), scores


PLACES = {
    "flex_olmo": (modeling_flex_olmo.FlexOlmoExperts, "forward", experts),
    "mixtral": (modeling_mixtral.MixtralExperts, "forward", experts),
    "stablelm": (modeling_stablelm, "eager_attention_forward", attention),
}


def of(model_type: str):
    """While this lasts, the class of the model sums as in 4.57.6."""
    place = PLACES.get(model_type)
    return mock.patch.object(*place) if place else contextlib.nullcontext()
