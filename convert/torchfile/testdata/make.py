"""Writes the fixtures of package torchfile with torch itself, and checks with torch
the file that the package writes.

    python make.py          good/, refused/ and expected.json (torch 2.13)
    python make.py check    written.pt, which `go test -update` makes

good/ holds files that must be read; expected.json tells each tensor's dtype, shape
and the SHA-256 of its elements in row-major order. refused/ holds files that must
be refused. What cannot be had from torch.save today (views of storages as before
torch 0.4, a big-endian mark, compressed entries) is made by hand below.
"""

import hashlib
import io
import json
import pickle
import shutil
import struct
import sys
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy
import torch

HERE = Path(__file__).parent
warnings.simplefilter("ignore")

COMMON = [torch.float32, torch.bfloat16, torch.float16, torch.float64]
INTS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]
NEW = [torch.float8_e4m3fn, torch.float8_e5m2, torch.uint16, torch.uint32, torch.uint64]


def name(dtype):
    return str(dtype).removeprefix("torch.")


def numbers(*shape, dtype=torch.float32):
    n = 1
    for size in shape:
        n *= size
    return torch.randn(n).reshape(shape).to(dtype)


def plain():
    d = {"b.scalar": torch.tensor(2.5), "a.empty": torch.zeros(0), "c.none": torch.zeros(3, 0, 2)}
    for dtype in COMMON + [torch.complex64, torch.complex128]:
        d[name(dtype)] = numbers(2, 3, dtype=dtype)
    for dtype in INTS:
        d[name(dtype)] = torch.arange(-3, 4).to(dtype)
    d["bool"] = torch.tensor([[True, False], [False, True]])
    return d


def views():
    big = numbers(6, 4)
    half = numbers(40, dtype=torch.bfloat16)
    return {
        "whole": big, "rows": big[2:5], "columns": big[:, 1:3], "turned": big.t(), "again": big,
        "expanded": numbers(3, 1).expand(3, 5), "scalar.expanded": torch.tensor(1.5).expand(2, 2),
        "picked": big[3, 2], "steps": half[1::3], "cube": half[4:28].view(2, 3, 4).permute(2, 0, 1),
        "end.empty": half[40:],
    }


def module():
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2), torch.nn.BatchNorm1d(2))


def parameters():
    p = torch.nn.Parameter(numbers(2, 2))
    p.sequence_parallel = True
    t = numbers(3)
    t.note = {"x": [1, 2.5, None, "s", (1, 2)]}
    f = torch.nn.Parameter(numbers(2, dtype=torch.float16), requires_grad=False)
    return {"with.state": p, "plain": torch.nn.Parameter(numbers(4)), "attribute": t, "frozen": f}


def new_dtypes():
    d = {name(t): torch.arange(1, 9).to(torch.float32).to(t) for t in NEW}
    d["part"] = d["uint16"][3:].view(5)
    return d


class Old:
    """A tensor as torch wrote it before _rebuild_tensor_v2."""

    def __init__(self, t):
        self.t = t

    def __reduce__(self):
        args = (self.t._typed_storage(), self.t.storage_offset(), torch.Size(self.t.size()), self.t.stride())
        return torch._utils._rebuild_tensor, args


def legacy_with_views(path):
    """The older format, with two views of one storage as before torch 0.4."""
    data = numbers(10)
    views = {"first": (0, 4), "second": (4, 6)}

    class Storage:
        def __init__(self, key):
            self.key = key

    class Value:
        def __init__(self, key):
            self.key = key

        def __reduce__(self):
            size = views[self.key][1] - 1
            return torch._utils._rebuild_tensor_v2, (Storage(self.key), 1, (size,), (1,), False, OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if isinstance(obj, Storage):
                return ("storage", torch.FloatStorage, "700", "cpu", 10, (obj.key, *views[obj.key]))

    out = io.BytesIO()
    info = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    for value in (0x1950A86A20F9469CFC6C, 1001, info):
        pickle.dump(value, out, 2)
    Pickler(out, 2).dump({key: Value(key) for key in views})
    pickle.dump(["700"], out, 2)
    out.write(struct.pack("<q", 10) + data.numpy().tobytes())
    path.write_bytes(out.getvalue())


def save(path, value, **options):
    if not options.pop("zip", True):
        options["_use_new_zipfile_serialization"] = False
    torch.save(value, path, **options)


def save_on_gpu(path, value, **options):
    tag = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:0"
    save(path, value, **options)
    torch.serialization.location_tag = tag


def good(folder):
    many = OrderedDict((f"layers.{i}.weight", numbers(1)) for i in range(40))
    for kind, options in {"zip": {}, "legacy": {"zip": False}}.items():
        save(folder / f"plain-{kind}.bin", plain(), **options)
        save(folder / f"views-{kind}.bin", views(), **options)
        save(folder / f"module-{kind}.bin", module().state_dict(), **options)
        save(folder / f"parameters-{kind}.bin", parameters(), **options)
        save(folder / f"old-{kind}.bin", {"a": Old(numbers(3, 2)), "b": Old(numbers(6)[2:5])}, **options)
        save(folder / f"many-{kind}.bin", many, **options)
        save_on_gpu(folder / f"gpu-{kind}.bin", {"w": numbers(2, 2, dtype=torch.float16)}, **options)
        for protocol in (1, 3, 4, 5):
            value = OrderedDict(views(), p=torch.nn.Parameter(numbers(2)))
            save(folder / f"protocol{protocol}-{kind}.bin", value, pickle_protocol=protocol, **options)
    save(folder / "new-dtypes.bin", new_dtypes())
    torch.serialization.set_crc32_options(False)
    save(folder / "no-checksums.bin", {"w": numbers(3)})
    torch.serialization.set_crc32_options(True)
    legacy_with_views(folder / "storage-views.bin")


def rezip(source, target, replace={}, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for entry in old.infolist():
            content = replace.get(entry.filename.split("/", 1)[1], old.read(entry))
            new.writestr(zipfile.ZipInfo(entry.filename), content, method)


def refused(folder):
    w = numbers(2, 2)
    state = {"w": w, "b": numbers(2)}
    values = {
        "module": torch.nn.Linear(2, 2),
        "numpy": {"w": numpy.zeros(2, numpy.float32)},
        "nested-state-dict": {"state_dict": state, "epoch": 3},
        "nested-model": {"step": 3, "optimizer": None, "model": OrderedDict(state)},
        "optimizer": {"state": {0: {"step": w}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
        "extras": {"w": w, "n": 3, "f": 1.5, "s": "text", "none": None, "list": [w], "t": (1,), "yes": True, "d": {}, "big": 2**80},
        "int-keys": {0: w, 1: w},
        "one-tensor": w,
        "list": [w, w],
        "empty-dict": {},
        "bytes": {"w": b"abc"},
        "sparse": {"w": w.to_sparse(), "dense": w},
        "quantized": {"w": torch.quantize_per_tensor(w, 0.1, 0, torch.qint8)},
        "meta": {"w": torch.zeros(2, device="meta")},
        "conjugated": {"w": numbers(2, dtype=torch.complex64).conj()},
        "unknown-dtype": {"w": w.to(torch.float8_e8m0fnu), "fine": w},
        "device": {"w": w, "device": torch.device("cpu"), "size": torch.Size([2]), "dtype": torch.float32},
    }
    for key, value in values.items():
        save(folder / f"{key}-zip.bin", value)
        if key != "unknown-dtype":
            save(folder / f"{key}-legacy.bin", value, zip=False)
    save(folder / "bytes-protocol4.bin", values["bytes"], pickle_protocol=4)
    raw = torch.arange(10, dtype=torch.uint8)
    save(folder / "entry-too-long.bin", {"seen.as.float": raw[:8].view(torch.float32)})
    torch.save(state, folder / "protocol0.bin", pickle_protocol=0)
    script = torch.jit.script(torch.nn.Linear(2, 2))
    rewritten = io.BytesIO()
    torch.jit.save(script, rewritten)
    rezip(rewritten, folder / "torchscript.bin")
    base = folder.parent / "good" / "many-zip.bin"
    rezip(base, folder / "big-endian-zip.bin", {"byteorder": b"big"})
    rezip(base, folder / "compressed.bin", method=zipfile.ZIP_DEFLATED)
    little = b"little_endianq\x02\x88"
    legacy = (folder.parent / "good" / "plain-legacy.bin").read_bytes()
    assert legacy.count(little) == 1
    (folder / "big-endian-legacy.bin").write_bytes(legacy.replace(little, little[:-1] + b"\x89"))
    numpy.savez(folder / "arrays.bin.npz", w=w.numpy())
    (folder / "arrays.bin.npz").rename(folder / "arrays.bin")


def elements(t):
    t = t.detach().clone().contiguous().reshape(-1)
    return bytes(t.untyped_storage())[: t.numel() * t.element_size()]


def expected(folder):
    """What torch.load finds in each good file."""
    found = {}
    for path in sorted(folder.iterdir()):
        state = torch.load(path, map_location="cpu", weights_only=False)
        found[path.name] = [
            {
                "name": key, "dtype": name(t.dtype), "shape": list(t.shape),
                "sha256": hashlib.sha256(elements(t)).hexdigest(),
            }
            for key, t in sorted(state.items())
        ]
    return found


def make():
    torch.manual_seed(1)
    for kind, write in {"good": good, "refused": refused}.items():
        shutil.rmtree(HERE / kind, ignore_errors=True)
        (HERE / kind).mkdir()
        write(HERE / kind)
    text = json.dumps(expected(HERE / "good"), indent=1)
    (HERE / "expected.json").write_text(text + "\n")


def check():
    """written.pt is what writer_test.go says it is."""
    path = HERE / "written.pt"
    assert zipfile.ZipFile(path).testzip() is None
    for options in ({}, {"mmap": True}, {"map_location": "meta"}, {"weights_only": False}):
        state = torch.load(path, **({"weights_only": True} | options))
        tensors = state.pop("tensors")
        dtypes = COMMON + INTS + [torch.bool, torch.complex64, torch.complex128]
        assert list(tensors) == [name(t) for t in dtypes] + ["scalar", "empty", "none", "last"], list(tensors)
        counter = 0
        for key, t in tensors.items():
            assert t.is_contiguous() and not t.requires_grad
            if "map_location" in options:
                continue
            size = t.numel() * t.element_size()
            want = bytes((counter + i) % 2 if key == "bool" else (counter + i) % 251 for i in range(size))
            assert elements(t) == want, key
            counter += 7
        assert [tuple(tensors[k].shape) for k in ("float32", "scalar", "empty", "none", "last")] == [
            (2, 3), (), (0,), (3, 0, 2), (1, 1, 5),
        ]
        assert state == {
            "empty": [], "epoch": 0, "yes": True, "no": False, "nothing": None, "text": "grüße",
            "numbers": [-1, 0, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**40, 2**63 - 1, -(2**63)],
            "floats": [0.1, -2.0], "dict": {}, "world_size": 1,
        }, state
    print("written.pt is as it should be")


if __name__ == "__main__":
    check() if "check" in sys.argv[1:] else make()
