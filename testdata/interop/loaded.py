"""What transformers makes of a folder, in this process or, as a script, in that of another version: see transformers4.py.

A job is {"ids": folder, "texts": [...]}, {"chat": folder, "messages": [...]} or {"logits": folder, "tokens": [[...]], "file": path}:
the logits, in float32, go into that file."""

import json
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig


def ids(folder, texts) -> list[list[int]]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return [tokenizer(text)["input_ids"] for text in texts]


def chat(folder, messages) -> str:
    return AutoTokenizer.from_pretrained(folder).apply_chat_template(messages, tokenize=False)


def model(folder):
    """The model, strictly: transformers only warns of tensors that are missing or left over."""
    options = {"dtype": "auto", "attn_implementation": "eager"}  # the same arithmetic in every version
    if transformers.__version__ >= "5":
        options["experts_implementation"] = "eager"
    loaded, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, **options)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")), info
    return loaded.eval()


def logits(folder, tokens) -> torch.Tensor:
    with torch.no_grad():
        return model(folder)(torch.tensor(tokens)).logits.float()


def do(job: dict):
    if "ids" in job:
        return ids(job["ids"], job["texts"])
    if "chat" in job:
        return chat(job["chat"], job["messages"])
    if "generation" in job:
        return GenerationConfig.from_pretrained(job["generation"]).to_diff_dict()
    torch.save(logits(job["logits"], job["tokens"]), job["file"])
    return job["file"]


if __name__ == "__main__":
    torch.set_num_threads(2)
    transformers.utils.logging.set_verbosity_error()
    results = [do(job) for job in json.load(sys.stdin)]
    print(json.dumps({"version": transformers.__version__, "results": results}))
