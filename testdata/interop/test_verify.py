"""verify, tested with folders that torch and the real trainer wrote."""

import json
import shutil
import zipfile

import cli
import containers
import models
import numpy as np
import pytest
import torch
from test_trainer import LENGTH, torchrun


def verify(source, folder, status: str) -> dict:
    """What verify --json reports; it must have this status."""
    done = cli.run("verify", "--json", source, folder)
    report = json.loads(done.stdout)
    assert report["status"] == status, report
    assert done.returncode == (0 if status == "same" else 1), done.stderr
    return report


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return containers.write(models.variant("olmo2"), tmp_path_factory.mktemp("source") / "model", "safetensors", torch.bfloat16)


@pytest.fixture
def folder(source, tmp_path):
    return cli.convert(source, tmp_path / "out")


def rewrite(folder, change) -> None:
    """torch loads the state dict, changes it, and saves it."""
    state = torch.load(folder / "model.pt", weights_only=True)
    change(state)
    torch.save(state, folder / "model.pt")


def test_saved_again_by_torch(source, folder):
    rewrite(folder, lambda state: None)
    verify(source, folder, "same")


def test_saved_again_in_the_older_format(source, folder):
    torch.save(torch.load(folder / "model.pt"), folder / "model.pt", _use_new_zipfile_serialization=False)
    verify(source, folder, "same")


def test_another_record(source, folder):
    """torch finds names whatever their case, and takes either."""
    rewrite(folder, lambda state: None)
    before = torch.load(folder / "model.pt")
    with zipfile.ZipFile(folder / "model.pt", "a") as archive:
        for name in [name for name in archive.namelist() if "/data/" in name]:
            archive.writestr(name.replace("/data/", "/DATA/"), bytes(archive.getinfo(name).file_size))
    after = torch.load(folder / "model.pt")
    assert any(not torch.equal(before[name], after[name]) for name in before), "torch reads the same"
    report = verify(source, folder, "failed")
    assert "only in case" in report["error"], report


def test_core_saved_again_by_torch(source, tmp_path):
    """The same tensors in torch's own distributed checkpoint, which no manifest describes."""
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

    folder = tmp_path / "core"
    done = cli.run("convert", "--target", "olmo-core", "--output", folder, source)
    assert done.returncode == 0, done.stderr
    dcp_to_torch_save(folder / "model_and_optim", tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt")
    shutil.rmtree(folder / "model_and_optim")
    dcp.save(state, checkpoint_id=folder / "model_and_optim", no_dist=True)  # the index then names a PosixPath
    for name in ("hf2olmo.json", ".metadata"):
        (folder / name).unlink()
    verify(source, folder, "same")
    item = next((folder / "model_and_optim").glob("*.distcp"))
    data = bytearray(item.read_bytes())
    data[data.rindex(b"PK\1\2") + 16] ^= 1  # the checksum in the directory of the last item
    item.write_bytes(data)
    assert verify(source, folder, "failed")["error"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_cast_by_torch(source, folder, dtype):
    rewrite(folder, lambda state: state.update({name: tensor.to(dtype) for name, tensor in state.items()}))
    verify(source, folder, "same")


def test_transposed_storage(source, folder):
    """The same values in another order of the bytes."""
    rewrite(folder, lambda state: state.update({n: t.t().contiguous().t() for n, t in state.items() if t.dim() == 2}))
    verify(source, folder, "same")


def test_one_value(source, folder):
    name = "transformer.blocks.1.att_proj.weight"

    def change(state):
        state[name].view(torch.int16)[17, 3] ^= 1

    rewrite(folder, change)
    report = verify(source, folder, "differs")
    (found,) = report["differences"]
    tensor = torch.load(folder / "model.pt", weights_only=True)[name]
    assert found["tensor"] == name and found["element"] == 17 * tensor.shape[1] + 3 and found["elements"] == 1
    data = (folder / "model.pt").read_bytes()[found["offset"] :][:2]
    assert np.frombuffer(data, np.int16)[0] == tensor.view(torch.int16)[17, 3].item()


def test_up_and_gate_swapped(source, folder):
    def change(state):
        for name in state:
            if name.endswith("ff_proj.weight"):
                state[name] = torch.cat(state[name].chunk(2)[::-1])

    rewrite(folder, change)
    report = verify(source, folder, "differs")
    assert {d["tensor"].split(".")[-2] for d in report["differences"]} == {"ff_proj"}, report


def test_missing_and_surplus(source, folder):
    rewrite(folder, lambda state: state.update({"model.transformer.wte.weight": state.pop("transformer.wte.weight")}))
    problems = {d["tensor"]: d["problem"] for d in verify(source, folder, "differs")["differences"]}
    assert problems == {"transformer.wte.weight": "is missing", "model.transformer.wte.weight": "is not part of the model"}


def test_trained_since(source, folder, tmp_path):
    """The released trainer resumes from the folder and saves at its own step."""
    data = tmp_path / "tokens.npy"
    np.tile(np.random.default_rng(5).integers(2, 91, LENGTH, dtype=np.uint16), 64).tofile(data)
    options = [f"--data.paths=[{data}]", f"--save_folder={tmp_path}/run", "--global_train_batch_size=4", "--stop_after=3",
               "--optimizer.learning_rate=1e-3", "--scheduler.t_warmup=0", "--save_interval_unsharded=3",
               "--save_num_checkpoints_to_keep=0"]  # fmt: skip
    torchrun("train_worker.py", folder / "config.yaml", *options)
    report = verify(source, tmp_path / "run" / "step3-unsharded", "trained")
    assert report["step"] == 3 and report["differing"] == report["tensors"], report
    verify(source, folder, "same")


def test_manifest_is_ignored(source, folder, tmp_path):
    """Without the manifest the folder is the same to verify."""
    shutil.copytree(folder, tmp_path / "copy-unsharded")
    (tmp_path / "copy-unsharded" / "hf2olmo.json").unlink()
    report = verify(source, tmp_path / "copy-unsharded", "differs")
    assert [d["field"] for d in report["config_differences"]] == ["tokenizer.identifier"], report


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float64", "int8", "int64", "float8_e4m3fn", "float8_e5m2"])
def test_inspect_stats(dtype, tmp_path):
    """inspect --stats, compared with torch."""
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(1)
    values = (torch.randn(700_000, generator=generator, dtype=torch.float64) * 40).to(getattr(torch, dtype))
    if values.is_floating_point() and dtype != "float8_e4m3fn":
        values[[3, 500_000]] = torch.tensor(float("inf")).to(values.dtype)
        values[9] = torch.tensor(float("-inf")).to(values.dtype)
    if values.is_floating_point():
        values[[5, 600_000]] = torch.tensor(float("nan")).to(values.dtype)
    save_file({"x": values}, tmp_path / "model.safetensors")
    done = cli.run("inspect", "--stats", "--json", tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["tensors"]
    exact = values.to(torch.float64)
    finite = exact[exact.isfinite()]
    assert found["dtype"] == dtype and found["shape"] == [700_000]
    stats = found["stats"]
    assert (stats["min"], stats["max"]) == (finite.min().item(), finite.max().item())
    assert abs(stats["mean"] - finite.mean().item()) < 1e-9
    assert (stats["nan"], stats["inf"]) == (exact.isnan().sum().item(), exact.isinf().sum().item())
