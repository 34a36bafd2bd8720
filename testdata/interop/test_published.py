"""Published configs with weights of their true shapes, in sparse shards: a dry run finds all tensors and warns of nothing, or
refuses the model for the reason in expected.txt."""

import json
import re

import cli
import published
import pytest
import torch

EXPECTED = published.expectations()
TARGETS = ["olmo", "olmo-core"]


def parameters(tensors: dict) -> int:
    """How many the trainer's model has: those of the text model, and the biases of zeros that OLMo-core has."""
    text = {name: shape for name, shape in tensors.items() if not published.TOWER.match(name)}
    count = sum(torch.Size(shape).numel() for shape in text.values())
    for name in text:
        if name.endswith("q_proj.bias") and name.replace("q_proj", "o_proj") not in text:
            count += text[name.replace("q_proj.bias", "o_proj.weight")][0]
    return count


def test_all_are_there():
    assert len(EXPECTED) == 64 and all(list(targets) == TARGETS for targets in EXPECTED.values())


@pytest.mark.parametrize("name", EXPECTED)
def test_dry_run(name, tmp_path):
    tensors = published.shapes(name, tmp_path)
    published.write_sparse(tensors, tmp_path)
    (tmp_path / "config.json").write_text((published.CONFIGS / f"{name}.json").read_text())
    for target, becomes in EXPECTED[name].items():
        done = cli.run("convert", "--dry-run", "--json", "--target", target, "--output", tmp_path / "step0", tmp_path)
        record = json.loads(done.stdout)
        if becomes.startswith("refused: "):
            reason = becomes.removeprefix("refused: ")
            first, *others = record["error"].split("\n")
            assert done.returncode == 1 and first == f"config.json: {reason}", record["error"]
            assert all(re.match(r"model-\d+-of-\d+\.safetensors: model\.layers\.", line) for line in others), others
            continue
        assert done.returncode == 0, done.stderr
        assert record["parameters"] == parameters(tensors)
        warnings = [line for line in done.stderr.splitlines() if "no tokenizer.json beside the weights" not in line
                    and not (name in ("mpt-7b", "MiMo-7B-Base") and "no eos_token_id in config.json" in line)]  # fmt: skip
        assert not warnings, warnings
