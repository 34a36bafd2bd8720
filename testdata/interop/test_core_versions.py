"""One config.json for all versions of OLMo-core from the one on that convert names: loaded by each in its own process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cli
import core_models
import pytest
import torch
from test_olmo_core import logits_of_source

BESIDE = Path(sys.prefix) / "beside"
SINCE = {"2.2.0": {"2.4.0", "2.6.0"}, "2.3.0": {"2.4.0", "2.6.0"}, "2.6.0": {"2.6.0"}, "3.0.0": set()}


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> dict:
    """Every model, with the version that convert names."""
    folder = tmp_path_factory.mktemp("versions")
    since = {}
    for name in core_models.VARIANTS:
        source = core_models.write(name, folder / "source" / name)
        done = cli.run("convert", "--target", "olmo-core", "--output", folder / name, source)
        assert done.returncode == 0, done.stderr
        since[name] = re.search(r"To train from it with OLMo-core ([0-9.]+) or newer", done.stdout)[1]
    return {"folder": folder, "since": since}


def test_named(converted):
    """Both kinds are there: models for every version, and models for the newer ones."""
    assert set(converted["since"].values()) == set(SINCE)


@pytest.mark.parametrize("version", ["2.4.0", "2.6.0", "3.0.0"])
def test_versions(converted, version, tmp_path):
    """It computes what transformers does where convert says that it does, and is refused elsewhere."""
    tokens = torch.randint(2, 91, (2, 200), generator=torch.Generator().manual_seed(3))
    torch.save(tokens, tmp_path / "tokens.pt")
    folders = [converted["folder"] / name for name in converted["since"]]
    worker = Path(__file__).with_name("core_logits_worker.py")
    command = [sys.executable, worker, tmp_path / "tokens.pt", *folders]
    environment = dict(os.environ)
    if version != "3.0.0":
        beside = BESIDE / f"olmo-core-{version}"
        assert (beside / "olmo_core").is_dir(), f"no {beside}: run make interop, which installs it"
        environment["PYTHONPATH"] = str(beside)
    done = subprocess.run([*map(str, command)], env=environment, text=True, capture_output=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    for name, since in converted["since"].items():
        found = torch.load(f"{converted['folder'] / name}.logits", weights_only=True)
        if version != "3.0.0" and version not in SINCE[since]:
            assert "error" in found, f"{name}: convert names {since}, and {version} takes it"
            continue
        assert "error" not in found, f"{name}: {found}"
        want = logits_of_source(converted["folder"] / "source" / name, tokens)
        assert want.std() > 0.1, "these logits say nothing"
        difference = (want - found["logits"]).abs().max().item()
        print(name, since, difference)
        assert difference < 2e-5, f"{name}: {difference}"
