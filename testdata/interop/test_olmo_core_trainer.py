"""OLMo-core's own Trainer on two ranks with FSDP, started from converted folders: seen to have loaded them."""

import json
import subprocess
import sys
from pathlib import Path

import containers
import core_mapping
import core_models
import numpy as np
import torch
from test_olmo_core import convert, kind_of

LENGTH = 48
# What is trained, and what load_path names: the folder, the one above it, or the part with the tensors.
RUNS = {
    "olmo2": "", "olmo3-yarn": "..", "llama-llama3": "model_and_optim", "llama-tied": "", "mistral": "",
    "qwen3-tied": "", "gemma3": "", "qwen2": "", "phi3-part": "", "glm4": "", "olmo_hybrid": "", "qwen3_5": "",
}  # fmt: skip
# Those that have a bias which transformers' class has not.
FROZEN = ["qwen2", "glm4"]


def test_train(tmp_path):
    window = np.random.default_rng(5).integers(2, 91, LENGTH, dtype=np.uint16)
    data = tmp_path / "tokens.npy"
    np.tile(window, 64).tofile(data)
    arguments, losses = [], []
    for number, (name, place) in enumerate(RUNS.items()):
        dtype = (torch.float32, torch.bfloat16)[number % 2]
        source = core_models.write(name, tmp_path / name / "source", dtype)
        folder = convert(source, tmp_path / name / "native" / "step0")
        torch.save(core_mapping.expected(source, containers.read(source)), folder.parent / "expected.pt")
        arguments.append(f"{(folder / place).resolve()}={folder}")
        losses.append(source_loss(source, window))
    report = tmp_path / "report.jsonl"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += [Path(__file__).with_name("core_worker.py"), data, report, *arguments]
    done = subprocess.run([*map(str, command)], text=True, capture_output=True, timeout=500)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(lines) == len(RUNS)
    for line, loss in zip(lines, losses):
        assert line["loaded"] and line["parameters"] > 10 and not line["different"], line
        assert abs(line["losses"][0] - loss) < 0.01, (line, loss)
        assert line["losses"][-1] < line["losses"][0], line
        biases = [name for name in line["untrained"] if "bias" in name]
        frozen = 2 if line["load_path"].split("/")[-3] in FROZEN else 0  # of its two layers; they are zeros
        assert len(biases) == frozen and all(name.endswith("attention.w_out.bias") for name in biases), line


def source_loss(source: Path, window: np.ndarray) -> float:
    """The source model's own loss on the one sequence that all of the data repeats."""
    model = kind_of(source).from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    tokens = torch.from_numpy(window.astype(np.int64))[None]
    with torch.no_grad():
        logits = model(tokens, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits[0, :-1], tokens[0, 1:]).item()
