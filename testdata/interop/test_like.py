"""Exports that take the tokenizer from elsewhere, and runs of Hugging Face trainers: read by transformers 5 and 4.57."""

import json
import shutil

import cli
import containers
import loaded
import models
import test_beside
import tokenizer_kinds
import torch
import transformers4
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, Olmo3Config, PhiConfig, Qwen3Config

TOKENS = torch.randint(2, 90, (2, 40), generator=torch.Generator().manual_seed(3)).tolist()


def export(checkpoint, out, *args):
    done = cli.run("export", *args, "--output", out, checkpoint)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_like_brings_the_tokenizer(tmp_path):
    """Whatever class the model's tokenizer has, both versions give the ids of its tokenizer.json; its template and its
    generation config go along."""
    native = cli.convert(test_beside.source(tmp_path, "olmo", False)[0], tmp_path / "native")
    for name in cli.BESIDE:  # as a run of the trainer leaves it
        (native / name).unlink(missing_ok=True)
    folders, wanted = [], []
    for kind, settings in [*((kind, True) for kind in tokenizer_kinds.KINDS), ("dolma2", False), ("gemma", False)]:
        like = tmp_path / "like" / f"{kind}-{settings}"
        shutil.copytree(tmp_path / "olmo", like)
        wanted.append(tokenizer_kinds.write(like, kind, settings))
        folders.append(export(native, tmp_path / "out" / like.name, "--like", like))
        assert json.loads((folders[-1] / "generation_config.json").read_text()) == test_beside.GENERATION
    test_beside.agree(folders, wanted)


SIZES = {"vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4, "num_attention_heads": 4,
         "max_position_embeddings": 64, "attn_implementation": "eager"}  # fmt: skip
YARN = {"rope_type": "yarn", "rope_theta": 7e5, "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 32.0, "beta_slow": 1.0,
        "attention_factor": 1.1386294361119891}  # fmt: skip
LLAMA3 = {"rope_type": "llama3", "rope_theta": 3e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 16}  # fmt: skip
WINDOWS = ["sliding_attention", "full_attention"] * 2
# Configs of transformers 5, with ropes that no version 4 has as a default.
CONFIGS = {
    "llama": (LlamaConfig, {"rope_parameters": LLAMA3, "num_key_value_heads": 2}),
    "qwen3": (Qwen3Config, {"rope_parameters": {"rope_type": "default", "rope_theta": 9e4}, "head_dim": 8, "num_key_value_heads": 2}),
    "olmo3": (Olmo3Config, {"rope_parameters": {"full_attention": YARN, "sliding_attention": {"rope_type": "default", "rope_theta": 7e5}},
                            "sliding_window": 8, "layer_types": WINDOWS, "pad_token_id": None, "eos_token_id": 0}),
    "gemma3_text": (Gemma3TextConfig, {"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 2e5},
                                                           "sliding_attention": {"rope_type": "default", "rope_theta": 3e3}},
                                       "sliding_window": 8, "layer_types": WINDOWS, "head_dim": 8, "num_key_value_heads": 2, "query_pre_attn_scalar": 8}),
    "phi": (PhiConfig, {"rope_parameters": {"rope_type": "default", "rope_theta": 2e4, "partial_rotary_factor": 0.25}}),
}  # fmt: skip


def run_of(tmp_path, kind):
    """A run of verl on one rank, whose config.json transformers 5 wrote; the logits of its model."""
    make, fields = CONFIGS[kind]
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_config(make(**{**SIZES, **fields})).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
        logits = model(torch.tensor(TOKENS)).logits
    actor = tmp_path / kind / "global_step_3" / "actor"
    model.config.save_pretrained(actor / "huggingface")
    state = model.state_dict()
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    torch.save(state, actor / "model_world_size_1_rank_0.pt")
    return actor.parent, logits


def test_runs_compute_the_same_in_both(tmp_path):
    """A config.json of version 5 alone is read wrongly by 4.57, silently; that of the export is not."""
    folders, wanted, jobs = [], [], []
    for kind in CONFIGS:
        run, logits = run_of(tmp_path, kind)
        folders.append(export(run, tmp_path / "out" / kind))
        assert "rope_theta" in json.loads((folders[-1] / "config.json").read_text())
        wanted.append(logits)
        jobs.append({"logits": str(folders[-1]), "tokens": TOKENS, "file": str(tmp_path / f"{kind}.pt")})
        whole = tmp_path / "whole" / kind  # the control
        shutil.copytree(folders[-1], whole)
        shutil.copy(run / "actor" / "huggingface" / "config.json", whole)
        jobs.append({"logits": str(whole), "tokens": TOKENS, "file": str(tmp_path / f"{kind}-5.pt")})
    older = transformers4.run("loaded.py", stdin=jobs)
    assert older["version"] == "4.57.6"
    for kind, folder, logits in zip(CONFIGS, folders, wanted):
        newer = loaded.logits(folder, TOKENS)
        assert torch.equal(newer, logits), f"5: {kind}: {(newer - logits).abs().max()}"
        got = torch.load(tmp_path / f"{kind}.pt")
        assert torch.equal(got, logits), f"4.57: {kind}: {(got - logits).abs().max()}"
        control = torch.load(tmp_path / f"{kind}-5.pt")
        assert not torch.allclose(control, logits), f"{kind}: version 5's spelling is enough"


def test_containers_stay(tmp_path):
    """What is exported from a run converts as the model does that was trained."""
    model = tmp_path / "llama"
    containers.write(models.variant("llama"), model, "safetensors")
    native = cli.convert(model, tmp_path / "native")
    folder = export(native, tmp_path / "out", "--like", model)
    again = cli.convert(folder, tmp_path / "again")
    assert (again / "model.pt").read_bytes() == (native / "model.pt").read_bytes()
