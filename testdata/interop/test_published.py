"""Published configs with weights of their true shapes, in sparse files: dry runs find all tensors, warn of nothing."""

import json
import os
import re
from pathlib import Path

import cli
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

CONFIGS = cli.ROOT / "testdata" / "realcfg"
TOWER = re.compile(r"(model\.)?(vision_tower|multi_modal_projector)\.")  # which is left out
CONVERTS = {}  # name: targets
for line in (CONFIGS / "expected.txt").read_text().splitlines():
    name, target, becomes = line.split(" ", 2)
    if becomes.startswith("converts") and not becomes.endswith("hf_olmo"):  # which transformers does not know
        CONVERTS.setdefault(name, []).append(target)


def shapes(folder: Path):
    """Names and shapes of the tensors that the model's file has, by transformers' own class."""
    config = AutoConfig.from_pretrained(folder)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    for name, tensor in model.state_dict().items():
        shape = list(tensor.shape)
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        gate, down, up = "gate_proj", "down_proj", "up_proj"
        if config.model_type == "mixtral":
            name = name.replace(".mlp.", ".block_sparse_moe.")
            gate, down, up = "w1", "w2", "w3"
        if ".experts." not in name:
            yield name, shape
            continue
        prefix, part = name.rsplit(".", 1)  # in one tensor here, one by one in files
        for expert in range(shape[0]):
            if part == "down_proj":
                yield f"{prefix}.{expert}.{down}.weight", shape[1:]
            else:
                yield f"{prefix}.{expert}.{gate}.weight", [shape[1] // 2, shape[2]]
                yield f"{prefix}.{expert}.{up}.weight", [shape[1] // 2, shape[2]]


def write_sparse(path: Path, tensors) -> None:
    """A safetensors file of zeros that takes no room."""
    header, end = {}, 0
    for name, shape in tensors:
        start, end = end, end + 2 * torch.Size(shape).numel()
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    os.truncate(path, 8 + len(text) + end)


@pytest.mark.parametrize("name", CONVERTS)
def test_dry_run(name, tmp_path):
    (tmp_path / "config.json").write_text((CONFIGS / f"{name}.json").read_text())
    tensors = list(shapes(tmp_path))
    write_sparse(tmp_path / "model.safetensors", tensors)
    text = {name: shape for name, shape in tensors if not TOWER.match(name)}
    parameters = sum(torch.Size(shape).numel() for shape in text.values())
    for bias in (name for name in text if name.endswith("q_proj.bias")):
        if bias.replace("q_proj", "o_proj") not in text:  # OLMo-core has one, of zeros
            parameters += text[bias.replace("q_proj.bias", "o_proj.weight")][0]
    for target in CONVERTS[name]:
        done = cli.run("convert", "--dry-run", "--json", "--target", target, "--output", tmp_path / "step0", tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["parameters"] == parameters
        warnings = [line for line in done.stderr.splitlines() if "no tokenizer.json beside the weights" not in line
                    and not (name == "mpt-7b" and "no eos_token_id in config.json" in line)]  # fmt: skip
        assert not warnings, warnings
