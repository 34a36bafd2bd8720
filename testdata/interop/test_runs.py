"""Sharded runs of Hugging Face trainers, saved anew by torch on several ranks: the same bits as the whole model."""

import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import cli
import containers
import mapping
import pytest

HERE = Path(__file__).parent
LAYOUTS = [
    "verl-fsdp2", "verl-fsdp1", "verl-fsdp1-mesh-tied", "verl-hsdp2", "verl-hsdp1", "verl-hsdp1-groups", "verl-ddp",
    "verl-tp", "verl-tp-fsdp2", "verl-experts", "verl-experts-columns", "accelerate-fsdp2", "accelerate-fsdp1",
    "accelerate-hsdp2", "accelerate-tp",
    "accelerate-tp-fsdp2", "accelerate-full", "accelerate-local", "accelerate-local-flat",
]  # fmt: skip
FLAT = "accelerate-local-flat"
REPRESENTATIVES = ["verl-hsdp2", "verl-tp-fsdp2", "verl-fsdp1", "verl-experts-columns", "accelerate-fsdp2", FLAT]


def save(ranks: int, layouts: list[str], out: Path) -> Path:
    """Starts so many ranks, which save each of the layouts."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={ranks}"]
    command += [HERE / "runs_worker.py", out, *layouts]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=500)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return out


@pytest.fixture(scope="module")
def four(tmp_path_factory) -> Path:
    return save(4, REPRESENTATIVES, tmp_path_factory.mktemp("runs"))


def run_of(path: Path) -> Path:
    return next(path / name for name in ("global_step_7", "checkpoint-7") if (path / name).exists())


def converts(path: Path, target: str, tmp_path: Path, dtype: str = "auto") -> None:
    """The run and the whole model become the same file, and the run is verified against it."""
    run, made = run_of(path), []
    options = ["--target", target, "--dtype", dtype, "--like", path / "expected"]
    for name, source in (("run", run), ("whole", path / "expected")):
        done = cli.run("convert", *options, "--output", tmp_path / name, source)
        assert done.returncode == 0, done.stderr
        folder = tmp_path / (name if target == "olmo-core" else name + "-unsharded")
        made.append(folder / ("model_and_optim/__0_0.distcp" if target == "olmo-core" else "model.pt"))
    assert made[0].read_bytes() == made[1].read_bytes(), path.name
    done = cli.run("verify", "--like", path / "expected", run, tmp_path / "whole")
    assert done.returncode == 0, done.stdout + done.stderr
    again = cli.run("convert", "--json", *options, "--output", tmp_path / "run", run)
    assert '"status":"unchanged"' in again.stdout, again.stdout + again.stderr
    for folder in tmp_path.iterdir():
        shutil.rmtree(folder)


def exports(path: Path, tmp_path: Path) -> None:
    """The run becomes a Hugging Face folder with the tensors of the whole model, bit for bit."""
    done = cli.run("export", "--like", path / "expected", "--output", tmp_path / "hf", run_of(path))
    assert done.returncode == 0, done.stderr
    got, want = containers.read(tmp_path / "hf"), containers.read(path / "expected")
    for tensors in (got, want):  # a tied head may be there too
        if json.loads((path / "expected" / "config.json").read_text())["tie_word_embeddings"]:
            tensors.pop("lm_head.weight", None)
    assert mapping.fingerprints(got) == mapping.fingerprints(want), path.name
    shutil.rmtree(tmp_path / "hf")


def check(path: Path, tmp_path: Path, dtypes: tuple) -> None:
    if path.name == FLAT:
        like = ("--like", path / "expected")
        cli.refuse(run_of(path), tmp_path / "no", "flat parameters", "FULL_STATE_DICT", args=like)
        return
    exports(path, tmp_path)
    for target in ("olmo-core",) if "experts" in path.name else ("olmo", "olmo-core"):
        for dtype in dtypes:
            converts(path, target, tmp_path, dtype)


@pytest.mark.parametrize("layout", REPRESENTATIVES)
def test_four_ranks(layout, four, tmp_path):
    check(four / layout, tmp_path, ("auto",))


@pytest.mark.full
@pytest.mark.parametrize("ranks", [2, 4])
def test_every_layout(ranks, tmp_path_factory, tmp_path):
    runs = save(ranks, LAYOUTS, tmp_path_factory.mktemp("runs"))
    for layout in LAYOUTS:
        check(runs / layout, tmp_path, ("auto", "float32", "bfloat16"))


def test_a_replica_that_differs(four, tmp_path):
    """Two replicas of HSDP must have saved the same."""
    path = tmp_path / "case"
    shutil.copytree(four / "verl-hsdp2", path)
    file = path / "global_step_7" / "actor" / "model_world_size_4_rank_2.pt"
    with zipfile.ZipFile(file) as archive:
        record = next(info for info in archive.infolist() if info.filename.endswith("/data/0"))
    data = bytearray(file.read_bytes())
    name, extra = struct.unpack_from("<HH", data, record.header_offset + 26)
    data[record.header_offset + 30 + name + extra] ^= 1
    file.write_bytes(data)
    cli.refuse(path / "global_step_7", tmp_path / "no", file.name, "different contents")
