"""Tensors that lie where in a block their source has them: torch, mapped and read, and both trainers' readers."""

import cli
import torch
from checks import check_zip
from olmo_core.distributed.checkpoint import load_model_and_optim_state
from safetensors.torch import load_file
from test_olmo_core import build, convert, read_plainly

MODEL = cli.ROOT / "testdata/formats/2/model"
EMBEDDING = "model.embed_tokens.weight"


def test_model_pt(tmp_path):
    path = cli.convert(MODEL, tmp_path / "a") / "model.pt"
    check_zip(path)
    want = load_file(MODEL / "model.safetensors")[EMBEDDING]
    for mapped in (True, False):
        got = torch.load(path, mmap=mapped, weights_only=True)["transformer.wte.weight"]
        assert got.dtype == want.dtype and torch.equal(got, want), mapped


def test_distcp(tmp_path):
    folder = convert(MODEL, tmp_path / "step0")
    want = load_file(MODEL / "model.safetensors")[EMBEDDING]
    assert torch.equal(read_plainly(folder)["embeddings.weight"], want)
    model = build(folder)
    load_model_and_optim_state(folder / "model_and_optim", model)
    assert torch.equal(model.embeddings.weight, want.to(model.embeddings.weight.dtype))
