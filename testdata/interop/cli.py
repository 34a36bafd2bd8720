"""Calls the built hf2olmo."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What goes along with a model.
BESIDE = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja", "chat_template.json"}


def binary() -> Path:
    """The binary under test: $HF2OLMO, or bin/hf2olmo in the repository."""
    return Path(os.environ.get("HF2OLMO") or ROOT / "bin" / "hf2olmo").absolute()


def run(*args, env: dict | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """One call, with its exit status, stdout and stderr."""
    command = [str(binary()), *map(str, args)]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(command, env=environment, cwd=cwd, text=True, capture_output=True, timeout=120)


def convert(source, output: Path, *args, env: dict | None = None) -> Path:
    """A conversion that must succeed; returns the checkpoint folder."""
    done = run("convert", *args, "--output", output, source, env=env)
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    folder = output if output.name.endswith("-unsharded") else output.with_name(output.name + "-unsharded")
    assert folder.is_dir(), f"no {folder}\n{done.stderr}"
    assert_nothing_else(folder)
    return folder


def refuse(source, output: Path, *mentions: str, args: tuple = ()) -> str:
    """A conversion that must be refused with status 1, name each of mentions, and leave nothing behind."""
    before = sorted(output.parent.iterdir())
    done = run("convert", *args, "--output", output, source)
    assert done.returncode == 1, f"exit status {done.returncode}, expected 1\n{done.stdout}\n{done.stderr}"
    said = done.stdout + done.stderr
    for mention in mentions:
        assert mention.lower() in said.lower(), f"no {mention!r} in:\n{said}"
    assert "goroutine" not in said and "panic" not in said, said
    assert sorted(output.parent.iterdir()) == before, "something was left behind"
    return said


def assert_nothing_else(folder: Path) -> None:
    """Only the files of a native checkpoint, and no temporary folder beside it."""
    names = {path.name for path in folder.iterdir()}
    assert names - {"hf2olmo.json"} - BESIDE == {"model.pt", "train.pt", "config.yaml"}, names
    others = (path.name for path in folder.parent.iterdir() if not path.name.endswith("-unsharded"))
    beside = [name for name in others if folder.name in name]
    assert not beside, f"left beside {folder.name}: {beside}"
