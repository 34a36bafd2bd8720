"""hf2olmo reads a file of torch.save as torch.load does, or not at all; and it sees damage that torch does not.

differential/fuzz.py does the first with files that were changed at random. Here are those that somebody might make.
"""

import io
import json
import shutil
import struct
import zipfile

import cli
import pytest
import torch
from safetensors.torch import load_file

LLAMA = cli.ROOT / "testdata" / "models" / "llama"
NORM = "model.norm.weight"  # becomes transformer.ln_f.weight as it is


@pytest.fixture(scope="module")
def state() -> dict:
    return load_file(LLAMA / "model.safetensors")


@pytest.fixture
def model(tmp_path, state):
    """A folder with everything but the weights."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(LLAMA / name, folder / name)
    return folder


def saved(value, **options) -> bytes:
    data = io.BytesIO()
    torch.save(value, data, **options)
    return data.getvalue()


def without_checksums(value) -> bytes:
    torch.serialization.set_crc32_options(False)
    try:
        return saved(value)
    finally:
        torch.serialization.set_crc32_options(True)


def by_path(value, folder, name: str) -> bytes:
    """Saved to a file of this name, which names the folder in the archive."""
    torch.save(value, folder / name)
    data = (folder / name).read_bytes()
    (folder / name).unlink()
    return data


WAYS = {
    "a buffer": lambda state, folder: saved(state),
    "a file": lambda state, folder: by_path(state, folder, "pytorch_model.bin"),
    "a file of another name": lambda state, folder: by_path(state, folder, "Model 1.v2.pt"),
    "the older format": lambda state, folder: saved(state, _use_new_zipfile_serialization=False),
    "without a byte order": lambda state, folder: saved(state, _disable_byteorder_record=True),
    "without checksums": lambda state, folder: without_checksums(state),
}


@pytest.mark.parametrize("way", WAYS)
def test_however_torch_saves(way, state, model, tmp_path):
    """Every file of torch.save converts; one without checksums with a warning, in convert and in verify."""
    (model / "pytorch_model.bin").write_bytes(WAYS[way](state, tmp_path))
    done = cli.run("convert", "--output", tmp_path / "o", model)
    assert done.returncode == 0, done.stderr
    verified = cli.run("verify", model, tmp_path / "o-unsharded")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    for text in (done.stderr, verified.stderr):
        assert ("pytorch_model.bin: was written without checksums" in text) == (way == "without checksums"), text
    native = torch.load(tmp_path / "o-unsharded" / "model.pt")
    assert torch.equal(native["transformer.ln_f.weight"], state[NORM])


def entries(data: bytes, start: int = 0):
    """Name, first byte and size of each entry of an archive that is not empty."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            name, extra = struct.unpack("<HH", data[info.header_offset + 26 : info.header_offset + 30])
            if info.file_size:
                yield info.filename, start + info.header_offset + 30 + name + extra, info.file_size


def flip(path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_damaged_bin(state, model, tmp_path):
    """A bit that turned in any record is seen, and the record is named; torch loads the other number."""
    bin, data = model / "pytorch_model.bin", saved(state)
    bin.write_bytes(data)
    folder = cli.convert(model, tmp_path / "good")
    silent = 0
    for name, at, size in entries(data):
        bin.write_bytes(data)
        flip(bin, at + size // 2)
        try:
            silent += not all(torch.equal(t, state[k]) for k, t in torch.load(bin).items())
        except Exception as error:  # of the pickle and of the version
            assert "/data/" not in name, error
        record = name.partition("/")[2]
        for args in (["convert", "--output", tmp_path / "o", model], ["verify", model, folder], ["inspect", "--stats", model]):
            done = cli.run(*args)
            assert done.returncode == 1 and "pytorch_model.bin" in done.stderr, (args, name, done.stdout + done.stderr)
            if "/data/" in name:
                assert f"the checksum of its record {record} is wrong" in done.stderr, done.stderr
    assert silent == len(state), "torch would have seen it"


@pytest.mark.parametrize("target", ["olmo", "olmo-core"])
def test_damaged_checkpoint(target, tmp_path):
    """The same in what a conversion wrote: model.pt, and each item of a .distcp."""
    done = cli.run("convert", "--target", target, "--into", tmp_path, LLAMA)
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.iterdir()
    folder = folder / "step0" if target == "olmo-core" else folder
    (path,) = folder.rglob("*.distcp") if target == "olmo-core" else [folder / "model.pt"]
    data = path.read_bytes()
    starts = [0]
    while target == "olmo-core" and (end := data.index(b"PK\5\6", starts[-1]) + 22) < len(data):
        starts.append(end)  # an item ends with its directory, without a comment
    records = []
    for first, last in zip(starts, [*starts[1:], len(data)]):
        records += [entry for entry in entries(data[first:last], first) if "/data/" in entry[0]]
    assert len(records) >= 14
    for _, at, size in records[::3]:
        path.write_bytes(data)
        flip(path, at + size - 1)
        for args in (["verify", LLAMA, folder], ["inspect", "--stats", folder], ["check", "--full", folder]):
            done = cli.run(*args)
            assert done.returncode == 1, (args, done.stdout + done.stderr)
            if args[0] != "verify":  # which names the element that differs
                assert "checksum" in done.stdout + done.stderr, (args, done.stdout + done.stderr)


def with_attribute(name: str, value) -> bytes:
    """A dict of one tensor [0, 1, 2, 3] that is given an attribute when it is loaded, whatever its name."""

    class Tensor:
        def __reduce__(self):
            made = torch.arange(4.0).__reduce_ex__(2)
            return torch._tensor._rebuild_from_type_v2, (made[0], torch.Tensor, made[1], {name: value})

    return saved({"t": Tensor()})


def test_attributes(tmp_path):
    """Of every attribute that torch.Tensor has: hf2olmo refuses it, or torch.load gives the same tensor."""
    path, read = tmp_path / "x.pt", 0
    names = [name for name in dir(torch.nn.Parameter) if not name.startswith("__")]
    assert len(names) > 500
    for name in [*names, "__class__", "__dict__", "note", "_is_hf_initialized", "tensor_model_parallel", "partition_dim"]:
        path.write_bytes(with_attribute(name, 1))
        done = cli.run("inspect", "--json", "--stats", path)
        if done.returncode != 0:
            continue
        read += 1
        (ours,) = json.loads(done.stdout)["tensors"]
        theirs = torch.load(path)["t"]
        assert torch.Tensor.tolist(theirs) == [0, 1, 2, 3] and theirs.dtype is torch.float32, name
        assert ours["shape"] == [4] and ours["stats"]["mean"] == 1.5 and ours["stats"]["max"] == 3, name
    assert read > 300
    for harmful in ("data", "real", "requires_grad", "grad"):
        path.write_bytes(with_attribute(harmful, torch.arange(4.0) if harmful == "data" else 1))
        assert cli.run("inspect", path).returncode == 1, harmful
