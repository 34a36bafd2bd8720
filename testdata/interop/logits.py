"""Logits of the source model and of OLMo, compared to the last bit."""

import warnings

import models
import torch
from torch.overrides import TorchFunctionMode


class RoundedLinear(TorchFunctionMode):
    """Matrix products summed in float64 and rounded once to float32.

    A BLAS picks its order of summation by the shape of the matrix, so that a row of a fused matrix may come out
    otherwise in the last bit than the same row alone (seen with MKL where rows do not come in sixteens). Rounded
    once from float64, a row's result is the same in any position. All else stays as the libraries compute it.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.nn.functional.linear:
            x, weight, bias = (*args, *(kwargs or {}).values(), None)[:3]
            bias = None if bias is None else bias.double()
            return function(x.double(), weight.double(), bias).to(x.dtype)
        return function(*args, **(kwargs or {}))


class Double(TorchFunctionMode):
    """Everything in float64, also where code asks for float32: to be built and computed within; loaded outside."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        function = torch.Tensor.double if function is torch.Tensor.float else function
        args = [torch.float64 if value is torch.float32 else value for value in args]
        kwargs = {key: torch.float64 if value is torch.float32 else value for key, value in (kwargs or {}).items()}
        return function(*args, **kwargs)

    def __enter__(self):
        torch.set_default_dtype(torch.float64)
        return super().__enter__()

    def __exit__(self, *error):
        torch.set_default_dtype(torch.float32)
        return super().__exit__(*error)


def difference(reference, native, tokens: torch.Tensor) -> float:
    """The greatest difference between the logits of the two models, both as they are."""
    want = models.logits(reference, tokens)
    with torch.no_grad():
        got = native(tokens).logits
    assert want.shape == got.shape
    assert want.std() > 0.1, "these logits say nothing"
    return (want - got).abs().max().item()


def assert_near(reference, native, seed: int = 1, vocab: int = 91, length: int = 32) -> None:
    """Require logits within 2e-5: alibi is -distance in OLMo, the position of the key in MPT, which softmax takes for the same."""
    tokens = torch.randint(2, vocab, (2, length), generator=torch.Generator().manual_seed(seed))
    found = difference(reference, native, tokens)
    assert found < 2e-5, found


def assert_equal(reference, native, seed: int = 1, vocab: int = 91) -> None:
    """Require equal logits, difference exactly 0.0, in float32."""
    tokens = torch.randint(2, vocab, (3, 32), generator=torch.Generator().manual_seed(seed))
    plain = difference(reference, native, tokens)
    if plain == 0.0:
        return
    with RoundedLinear():
        rounded = difference(reference, native, tokens)
    assert rounded == 0.0, f"logits differ by {plain}; by {rounded} with rounded products"
    assert plain < 2e-5, plain
    warnings.warn(f"the CPU sums fused rows in another order ({plain}); equal with rounded products", stacklevel=2)
