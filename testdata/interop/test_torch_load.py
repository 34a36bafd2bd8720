"""hf2olmo check reads a .pt as torch.load does: the same files, each odd in one way, are given to both.

Each is the train.pt of a checkpoint that the real trainer saved: check must say that torch.load stops, that it stops only
with weights_only=True (as in the released ai2-olmo 0.6.0 and in OLMo.from_checkpoint), or that it reads the file.
"""

import argparse
import collections
import datetime
import io
import json
import pathlib
import pickle
import shutil
import struct
import sys
import types
import warnings
import zipfile

import cli
import numpy
import pytest
import torch
from torch._weights_only_unpickler import _get_allowed_globals

CHECKPOINT = cli.ROOT / "testdata" / "checkpoints" / "unsharded" / "step3-unsharded"
STATE = {"checkpoints": [], "unsharded_checkpoints": [], "global_step": 0, "a": torch.arange(6.0).reshape(2, 3)}


def saved(value=STATE, **options) -> bytes:
    data = io.BytesIO()
    torch.save(value, data, **options)
    return data.getvalue()


def entries() -> list:
    with zipfile.ZipFile(io.BytesIO(saved())) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def zipped(items, method=zipfile.ZIP_STORED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in items:
            archive.writestr(name, content)
    return data.getvalue()


def without(name: str) -> bytes:
    return zipped([item for item in entries() if item[0].partition("/")[2] != name])


def replaced(name: str, content: bytes) -> bytes:
    return zipped([(entry, content if entry.partition("/")[2] == name else data) for entry, data in entries()])


def state(value) -> bytes:
    return saved({**STATE, "x": value})


def own_class():
    module = types.ModuleType("mine")
    module.Thing = type("Thing", (), {"__module__": "mine"})
    return module


def attribute(value):
    tensor = torch.ones(2)
    tensor.x = value
    return tensor


def cases() -> dict:
    old, new = saved(_use_new_zipfile_serialization=False), saved()
    made = {f"protocol {p} {'zip' if z else 'old'}": saved(pickle_protocol=p, _use_new_zipfile_serialization=z)
            for p in (1, 2, 3, 4, 5) for z in (True, False)}  # fmt: skip
    made |= {f"version {text!r}": replaced("version", text) for text in (b"0", b"1\n", b"3", b"10\n", b"11\n", b"x", b"", b" 3")}
    made |= {f"{n} zeros behind": new + b"\0" * n for n in (1, 100, 60_000, 200_000)}
    made |= {
        "deflated": zipped(entries(), zipfile.ZIP_DEFLATED),
        "bzip2": zipped(entries(), zipfile.ZIP_BZIP2),
        "comment": new[:-2] + struct.pack("<H", 5) + b"hello",
        "in front": b"xxxx" + new,
        "cut": new[: len(new) // 2],
        "no version": without("version"),
        "no byteorder": without("byteorder"),
        "no pickle": without("data.pkl"),
        "no record": without("data/0"),
        "short record": replaced("data/0", b"1234"),
        "long record": replaced("data/0", b"1234" * 20),
        "big-endian": replaced("byteorder", b"big"),
        "odd byteorder": replaced("byteorder", b"x"),
        "beside, last": zipped([*entries(), ("other.txt", b"x")]),
        "beside, first": zipped([("other.txt", b"x"), *entries()]),
        "beside, another folder": zipped([*entries(), ("zz/other.txt", b"x")]),
        "inside": zipped([*entries(), (entries()[0][0].partition("/")[0] + "/other.txt", b"x")]),
        "script": zipped([*entries(), (entries()[0][0].partition("/")[0] + "/constants.pkl", b"x")]),
        "deep": zipped([("deep/" + name, data) for name, data in entries()]),
        "no folder": zipped([(name.partition("/")[2], data) for name, data in entries()]),
        "other case": zipped([(name.replace("data", "DATA"), data) for name, data in entries()]),
        "old, junk behind": old + b"x" * 100,
        "old, cut": old[:-4],
        "plain pickle": pickle.dumps(STATE["global_step"], 2),
        "plain pickle 0": pickle.dumps(1, 0),
        "empty": b"",
        "text": b"hello",
        "pathlib": state(pathlib.PosixPath("a")),
        "numpy": state(numpy.arange(3)),
        "numpy scalar": state(numpy.float64(1)),
        "defaultdict": state(collections.defaultdict(list)),
        "Namespace": state(argparse.Namespace(a=1)),
        "Counter": state(collections.Counter("aab")),
        "OrderedDict": state(collections.OrderedDict(a=1)),
        "set": state({1, 2}),
        "frozenset": state(frozenset([1])),
        "bytes": state(b"abc"),
        "bytearray": state(bytearray(b"abc")),
        "complex": state(1 + 2j),
        "datetime": state(datetime.datetime(2020, 1, 1)),
        "a large int": state(2**3000),
        "an int": state(2**80),
        "a slice": state(slice(1)),
        "a module": state(torch.nn.Linear(1, 1)),
        "a dtype": state(torch.bfloat16),
        "a device": state(torch.device("cpu")),
        "a size": state(torch.Size([1])),
        "a parameter": state(torch.nn.Parameter(torch.ones(2))),
        "a set as attribute": state(attribute({1, 2})),
        "a path as attribute": state(attribute(pathlib.PosixPath("a"))),
        "a view": state(torch.arange(10.0)[3:7:2]),
        "fp8": state(torch.ones(2).to(torch.float8_e4m3fn)),
        "a damaged key": new.replace(b"global_step", b"\xe7lobal_step"),
        "a damaged key, old": old.replace(b"global_step", b"\xe7lobal_step"),
        "half of a surrogate pair": state("\ud800x"),
        "a surrogate that is cut": state("\ud800x").replace(b"\xed\xa0\x80x", b"\xed\xa0xx"),
        "an uint16": state(torch.ones(2).to(torch.uint16)),
        "sparse": state(torch.eye(2).to_sparse()),
    }
    thing = own_class()
    sys.modules["mine"] = thing
    made["own class"] = state(thing.Thing())
    del sys.modules["mine"]
    return made


CASES = cases()


def real(data: bytes, weights_only: bool) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.load(io.BytesIO(data), weights_only=weights_only)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return ""


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> dict:
    root = tmp_path_factory.mktemp("load")
    folders = []
    for number, data in enumerate(CASES.values()):
        folder = root / str(number) / "step3-unsharded"
        shutil.copytree(CHECKPOINT, folder)
        (folder / "train.pt").write_bytes(data)
        folders.append(folder)
    done = cli.run("check", "--json", *folders)
    return dict(zip(CASES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_load(reports, case):
    codes = {finding["code"] for finding in reports[case]["findings"] if finding["file"] == "train.pt"}
    safe, main = real(CASES[case], True), real(CASES[case], False)
    assert "unsure" not in codes, reports[case]
    assert bool(codes & {"unreadable", "not-tensors", "not-installed"}) == (main != ""), (main, reports[case])
    assert ("weights-only" in codes) == (safe != "" and main == ""), (safe, reports[case])


def test_names():
    """What weights_only lets a pickle name is what check thinks."""
    known = set()
    text = (cli.ROOT / "convert" / "torchfile" / "load_globals.go").read_text().split("`")[1]
    for line in text.strip().splitlines():
        module, *names = line.split()
        known |= {module.replace("%s", name) for name in names}
    assert known == set(_get_allowed_globals())
