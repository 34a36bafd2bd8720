"""Every causal language model of transformers has a table for OLMo-core, or is in keymap/elsewhere.yaml with a reason."""

import cli
import pytest
import torch
import yaml
from safetensors.torch import save_file
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

UNKNOWN = "Whether OLMo-core can train it is not known"
MOST_UNKNOWN = 40


@pytest.fixture(scope="module")
def lists() -> dict:
    groups = yaml.safe_load((cli.ROOT / "keymap" / "elsewhere.yaml").read_text())["olmo-core"]
    unknown = [group["models"] for group in groups if group.get("hint", "").startswith(UNKNOWN)]
    assert len(unknown) == 1
    others = {name: why for group in groups if group["models"] is not unknown[0] for name, why in group["models"].items()}
    tables = cli.run("keymap").stdout.split()
    return {
        "table": {name.removeprefix("olmo-core/") for name in tables if name.startswith("olmo-core/")},
        "refused": others, "unknown": unknown[0],
    }  # fmt: skip


def test_every_model_is_in_one_list(lists):
    """transformers registers hf_olmo's olmo as olmo; names that are only published somewhere may be in a list too."""
    for model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        found = [name for name, models in lists.items() if model_type in models]
        assert len(found) == 1, f"{model_type} is in {found or 'no list'}"


def test_few_are_unknown(lists):
    assert 0 < len(lists["unknown"]) <= MOST_UNKNOWN


def test_reasons_are_given(lists, tmp_path):
    """The message has the reason, whichever trainer is meant, and never a table that is not there."""
    save_file({"model.embed_tokens.weight": torch.ones(8, 4)}, tmp_path / "model.safetensors")
    for model_type, because in {**lists["refused"], **lists["unknown"]}.items():
        (tmp_path / "config.json").write_text('{"model_type": "%s"}' % model_type)
        done = cli.run("convert", "--target", "olmo-core", "--output", tmp_path / "out", tmp_path)
        assert done.returncode == 1 and because in done.stderr, done.stderr
