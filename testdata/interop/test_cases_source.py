"""Folders and files as people have them: what transformers loads converts, the rest is refused, its cause first."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cli
import containers
import mapping
import models
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
)

SAFE, BIN = "model.safetensors", "pytorch_model.bin"
TARGETS = ("olmo", "olmo-core")


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """A llama in one safetensors file, of which the cases are made."""
    return containers.write(models.variant("llama"), tmp_path_factory.mktemp("plain") / "llama", "safetensors")


@pytest.fixture(scope="module")
def tied(tmp_path_factory) -> Path:
    model = models.variant("llama", tie_word_embeddings=True)
    return containers.write(model, tmp_path_factory.mktemp("tied") / "llama", "safetensors")


def edit(folder: Path, **changes) -> None:
    """Changes config.json; None takes a key out."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def state_of(folder: Path) -> dict:
    return {name: tensor.clone() for name, tensor in load_file(folder / SAFE).items()}


def write_index(folder: Path, weight_map: dict, name: str = SAFE) -> None:
    total = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (folder / f"{name}.index.json").write_text(json.dumps(total))


def shards(folder: Path, extra: dict | None = None, ending: str = ".safetensors", prefix: str = "") -> dict:
    """Two shards in place of the one file, extra in the second; returns the index's map without the extra."""
    state = state_of(folder)
    (folder / SAFE).unlink()
    names = sorted(state)
    parts = [{name: state[name] for name in names[:10]}, {name: state[name] for name in names[10:]}]
    weight_map = {}
    for i, part in enumerate(parts):
        file = f"{'model' if ending == '.safetensors' else 'pytorch_model'}-{i + 1:05d}-of-00002{ending}"
        weight_map |= {name: prefix + file for name in part}
        save(part | (extra or {} if i else {}), folder / file)
    return weight_map


def save(state: dict, path: Path) -> None:
    if path.suffix == ".safetensors":
        save_file(state, path, metadata={"format": "pt"})
    else:
        torch.save(state, path)


def buffers(layers: int = 2) -> dict:
    """What versions of transformers and their kin saved beside the weights; the values do not count."""
    saved = {"model.rotary_emb.inv_freq": torch.ones(8), "model.causal_mask": torch.ones(4, 4, dtype=torch.bool)}
    for i in range(layers):
        at = f"model.layers.{i}.self_attn."
        saved |= {at + "rotary_emb.inv_freq": torch.ones(8), at + "rotary_emb.cos_cached": torch.ones(1, 1, 9, 8)}
        saved |= {at + "rotary_emb.sin_cached": torch.ones(1, 1, 9, 8), at + "masked_bias": torch.tensor(-1e9)}
        saved[at + "bias"] = torch.ones(1, 1, 9, 9, dtype=torch.uint8)
    return saved


def coscached(d: Path):
    state = state_of(d)
    (d / SAFE).unlink()
    torch.save(state | buffers(), d / BIN)


def buffers_in_safetensors(d: Path):
    save(state_of(d) | buffers(), d / SAFE)


def unlisted(d: Path):
    write_index(d, shards(d, buffers()))


def unlisted_bin(d: Path):
    write_index(d, shards(d, buffers(), ".bin"), BIN)


def unlisted_weight(d: Path):
    weight_map = shards(d)
    del weight_map["model.norm.weight"]
    write_index(d, weight_map)


def listed_elsewhere(d: Path):
    weight_map = shards(d)
    wrong = {name: file.replace("00002-of", "00001-of") for name, file in weight_map.items() if "q_proj" in name}
    write_index(d, weight_map | wrong)


def dotslash(d: Path):
    write_index(d, shards(d, prefix="./"))


def dotslash_bin(d: Path):
    write_index(d, shards(d, ending=".bin", prefix="./"), BIN)


def shards_in_a_folder(d: Path):
    write_index(d, shards(d, prefix="sub/"))
    (d / "sub").mkdir()
    for file in d.glob("model-*"):
        file.rename(d / "sub" / file.name)


def twice(d: Path):
    write_index(d, shards(d, {"lm_head.weight": state_of(d)["lm_head.weight"]}))


def twice_bin(d: Path):
    write_index(d, shards(d, {"lm_head.weight": state_of(d)["lm_head.weight"]}, ".bin"), BIN)


def linked(d: Path):
    shared = d.with_name(d.name + "-shared")
    shared.mkdir()
    for name in (SAFE, "tokenizer.json"):
        (d / name).rename(shared / name)
        (d / name).symlink_to(shared / name)


def copied_cache(d: Path):
    """A repository of the hub's cache under another name; the model is its snapshot."""
    snapshot, blobs = d / "snapshots" / ("a" * 40), d / "blobs"
    snapshot.mkdir(parents=True), blobs.mkdir()
    for i, file in enumerate(sorted(path for path in d.iterdir() if path.is_file())):
        file.rename(blobs / f"{i:040x}")
        (snapshot / file.name).symlink_to(f"../../blobs/{i:040x}")
    return snapshot


def named_weights(d: Path):
    (d / SAFE).rename(d / "other.safetensors")
    save({name: tensor * 2 for name, tensor in load_file(d / "other.safetensors").items()}, d / SAFE)
    edit(d, transformers_weights="other.safetensors")


def named_index(d: Path):
    state = state_of(d)
    weight_map = shards(d)
    (d / "sub").mkdir()
    (d / "sub" / "my.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    save({name: tensor * 2 for name, tensor in state.items()}, d / SAFE)
    edit(d, transformers_weights="sub/my.safetensors.index.json")


def folder_named_as_weights(d: Path):
    """transformers looks for files: the folder is passed over."""
    torch.save(state_of(d), d / BIN)
    (d / SAFE).unlink()
    (d / SAFE).mkdir()


LOADED = [
    coscached, buffers_in_safetensors, unlisted, unlisted_bin, unlisted_weight, listed_elsewhere, dotslash, dotslash_bin,
    shards_in_a_folder, twice, twice_bin, linked, copied_cache, named_weights, named_index, folder_named_as_weights,
]  # fmt: skip


def converts(source: Path, like: Path, out: Path, *warnings: str) -> None:
    """Every command, for both targets: the same bits as like converts to."""
    for target in TARGETS:
        folder = out / target
        done = cli.run("convert", "--dry-run", "--json", "--target", target, "--output", folder, source)
        assert done.returncode == 0 and json.loads(done.stdout)["status"] == "planned", done.stderr
        done = cli.run("convert", "--quiet", "--target", target, "--output", folder, source)
        assert done.returncode == 0, done.stderr
        for warning in warnings:
            assert warning in done.stderr
        folder = folder if target == "olmo-core" else folder.with_name(folder.name + "-unsharded")
        done = cli.run("verify", "--json", source, folder)
        assert done.returncode == 0 and json.loads(done.stdout)["status"] == "same", done.stdout + done.stderr
        done = cli.run("verify", "--json", like, folder)  # config.json of OLMo-core names the model
        assert json.loads(done.stdout)["differing"] == 0, done.stdout + done.stderr
    expected = mapping.native_tensors(like, containers.read(like))
    assert mapping.fingerprints(torch.load(out / "olmo-unsharded" / "model.pt")) == mapping.fingerprints(expected)
    assert cli.run("inspect", "--json", source).returncode == 0


@pytest.mark.parametrize("case", LOADED, ids=lambda case: case.__name__)
def test_what_transformers_loads_converts(case, plain, tmp_path):
    folder = tmp_path / "case"
    shutil.copytree(plain, folder)
    source = case(folder) or folder
    loaded, info = AutoModelForCausalLM.from_pretrained(source, output_loading_info=True)
    assert not info["missing_keys"], info
    assert mapping.fingerprints(loaded.state_dict()) == mapping.fingerprints(containers.read(plain))
    converts(source, plain, tmp_path / "out")


def test_tied_head_listed(tied, tmp_path):
    """The index lists the head of a tied model, and no shard has it."""
    folder = tmp_path / "case"
    shutil.copytree(tied, folder)
    (folder / SAFE).rename(folder / "model-00001-of-00001.safetensors")
    names = [*load_file(folder / "model-00001-of-00001.safetensors"), "lm_head.weight"]
    write_index(folder, dict.fromkeys(names, "model-00001-of-00001.safetensors"))
    assert not AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)[1]["missing_keys"]
    converts(folder, tied, tmp_path / "out")


NAMES = ["pytorch_model_fsdp.bin", "hf_model_0001_0.pt", "best.pth", "model.pt", "epoch=1.ckpt"]


@pytest.mark.parametrize("name", NAMES)
def test_state_dict_under_another_name(name, plain, tmp_path):
    """As MODEL, and as the only candidate in its folder; of two, one must be given."""
    folder = tmp_path / "case"
    shutil.copytree(plain, folder)
    torch.save(state_of(folder), folder / name)
    (folder / SAFE).unlink()
    for other in ("optimizer.pt", "training_args.bin", "rng_state_0.pth", "scheduler.pt"):
        torch.save({"a": torch.ones(1)}, folder / other)
    converts(folder / name, plain, tmp_path / "file")
    converts(folder, plain, tmp_path / "folder", f"warning: {name} is converted")
    shutil.copy(folder / name, folder / "another.pt")
    done = cli.run("convert", "--output", tmp_path / "two", folder)
    assert done.returncode == 1 and "give that file itself" in done.stderr
    converts(folder / name, plain, tmp_path / "again")


def refused(source: Path, *said: str, targets: tuple = TARGETS) -> str:
    """Refused for every target: said are the first fault, what to do, and more; returns --json's error."""
    error = ""
    for target in targets:
        done = cli.run("convert", "--target", target, "--output", source.parent / "out", source)
        assert done.returncode == 1, done.stdout + done.stderr
        lines = done.stderr.splitlines()
        assert said[0] in lines[1] and said[1] in lines[2], done.stderr
        assert lines[1].startswith("  ") and lines[2].startswith("    "), done.stderr
        for more in said[2:]:
            assert more in done.stderr, done.stderr
        shapes = [line for line in lines if "shape disagrees" in line]
        missing = [line for line in lines if "is missing" in line]
        assert len(shapes) <= 5 and len(missing) <= 6, done.stderr
        done = cli.run("convert", "--json", "--dry-run", "--target", target, "--output", source.parent / "out", source)
        error = json.loads(done.stdout)["error"]
        assert said[0] in error.splitlines()[0] and "more; --json" not in error
    return error


def prefixed(d: Path) -> dict:
    return {"base_model.model." + name: tensor for name, tensor in state_of(d).items()}


def lora(d: Path):
    state = {name.replace("q_proj.weight", "q_proj.base_layer.weight"): tensor for name, tensor in prefixed(d).items()}
    for i in range(2):
        at = f"base_model.model.model.layers.{i}.self_attn.q_proj.lora_"
        state |= {at + "A.default.weight": torch.ones(4, 64), at + "B.default.weight": torch.ones(64, 4)}
    save(state, d / SAFE)


def value_head(d: Path):
    save(state_of(d) | {"v_head.summary.weight": torch.ones(1, 64), "v_head.summary.bias": torch.ones(1)}, d / SAFE)


def reward_model(d: Path):
    state = state_of(d)
    del state["lm_head.weight"]
    save(state | {"score.weight": torch.ones(1, 64)}, d / SAFE)


def gptq(d: Path):
    state = {name: tensor for name, tensor in state_of(d).items() if "q_proj" not in name}
    for i in range(2):
        at = f"model.layers.{i}.self_attn.q_proj."
        state |= {at + "qweight": torch.ones(8, 64, dtype=torch.int32), at + "scales": torch.ones(1, 64)}
    save(state, d / SAFE)


def fsdp_wrapped(d: Path):
    wrapper = "._fsdp_wrapped_module.self_attn"
    save({name.replace(".self_attn", wrapper): tensor for name, tensor in state_of(d).items()}, d / SAFE)


def vision(d: Path):
    save(state_of(d) | {"vision_tower.embeddings.weight": torch.ones(4, 4)}, d / SAFE)


def empty(d: Path):
    save({name: torch.empty(0) for name in state_of(d)}, d / SAFE)


def empty_beside_script(d: Path):
    empty(d)
    (d / "zero_to_fp32.py").write_text("...")


def half(d: Path):
    save({name: tensor[: tensor.shape[0] // 2].clone() for name, tensor in state_of(d).items()}, d / SAFE)


def flat(d: Path):
    save({name: tensor.flatten()[: tensor.numel() // 3].clone() for name, tensor in state_of(d).items()}, d / SAFE)


def columns(d: Path):
    """Tensor parallel: rows of some, columns of others, norms whole."""
    cut = {name: tensor for name, tensor in state_of(d).items()}
    for name, tensor in cut.items():
        if tensor.dim() == 2:
            side = 1 if "o_proj" in name or "down_proj" in name else 0
            cut[name] = tensor.chunk(2, side)[0].clone()
    save(cut, d / SAFE)


def no_head(d: Path):
    state = state_of(d)
    del state["lm_head.weight"]
    save(state, d / SAFE)


def mixed_versions(d: Path):
    write_index(d, shards(d, {"lm_head.weight": state_of(d)["lm_head.weight"] * 2}))


def stale_index(d: Path):
    write_index(d, {name: f"model-{1 + i // 6:05d}-of-00004.safetensors" for i, name in enumerate(shards(d))})


def stale_index_bin(d: Path):
    weight_map = shards(d, ending=".bin")
    write_index(d, {name: f"pytorch_model-{1 + i // 6:05d}-of-00004.bin" for i, name in enumerate(weight_map)}, BIN)


def verl(d: Path):
    (d / "huggingface").mkdir()
    for name in ("config.json", "tokenizer.json"):
        (d / name).rename(d / "huggingface" / name)
    torch.save(state_of(d), d / "model_world_size_2_rank_0.pt")
    (d / SAFE).unlink()


def folder_as_bin(d: Path):
    state = state_of(d)
    (d / SAFE).unlink()
    (d / BIN).mkdir()
    torch.save(state, d / BIN / BIN)


def wrapped(d: Path):
    torch.save({"model": state_of(d), "epoch": 3}, d / BIN)
    (d / SAFE).unlink()


def config(**changes):
    def change(d: Path):
        edit(d, **changes)

    change.__name__ = "config-" + "-".join(changes)
    return change


SCRIPT = "Run `python zero_to_fp32.py . MERGED`"
REFUSED = [
    (lora, "not merged", "merge_and_unload", 'begin with "base_model.model."'),
    (value_head, "a value head", "pretrained_model.save_pretrained", "v_head.summary.bias"),
    (reward_model, "reward model", "Convert the language model", "lm_head.weight: is missing", "score.weight"),
    (gptq, "the weights are quantized", "quantized from", "qweight"),
    (fsdp_wrapped, "wrapper names", "save_pretrained", "_fsdp_wrapped_module"),
    (vision, "multimodal", "language model alone", "vision_tower"),
    (empty, "21 of 21 tensors are empty: DeepSpeed ZeRO-3 or FSDP", "zero_to_fp32.py", "and 16 more; --json lists all"),
    (empty_beside_script, "21 of 21 tensors are empty", SCRIPT),
    (half, "tensors are cut: the file has one rank's part", "Gather the whole model", "shape disagrees"),
    (flat, "tensors are cut: the file has one rank's part", "Gather the whole model"),
    (columns, "tensors are cut: the file has one rank's part", "Gather the whole model"),
    (no_head, "says tie_word_embeddings false", "set tie_word_embeddings to true", "lm_head.weight: is missing"),
    (mixed_versions, "is also in model-00001-of-00002.safetensors, with different contents", "two models, or to two"),
    (stale_index, "model.safetensors.index.json: is stale", "Replace it", "complete set"),
    (stale_index_bin, "pytorch_model.bin.index.json: is stale", "Replace it", "complete set"),
    (verl, "model_world_size_2_rank_1.pt: does not exist", "each rank wrote its own file"),
    (folder_as_bin, "is a folder, and the file is in it", "Move it up"),
    (wrapped, 'inside "model"', "Save the inner dict"),
    (config(num_hidden_layers=4), "says num_hidden_layers 4, but the weights have 2", "set num_hidden_layers to 2"),
    (config(num_hidden_layers=1), "says num_hidden_layers 1, but the weights have 2", "Set num_hidden_layers to 2"),
    (config(num_hidden_layers=64), "says num_hidden_layers 64, but the weights have 2", "set num_hidden_layers to 2"),
    (config(vocab_size=150), "says vocab_size 150, but the weights have 160", "Set vocab_size to 160"),
    (config(intermediate_size=48), "says intermediate_size 48, but the weights have 96", "Set intermediate_size to 96"),
    (config(model_type=None), "has no model_type", '"model_type": "llama"'),
    (config(transformers_weights="../x.safetensors"), "outside of the folder", "transformers loads"),
    (config(transformers_weights="pytorch_model.bin"), "names neither", "transformers loads"),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0].__name__)
def test_the_cause_comes_first(case, plain, tmp_path):
    change, *said = case
    folder = tmp_path / "case"
    shutil.copytree(plain, folder)
    change(folder)
    refused(folder, *said)


def test_json_error_is_not_cut(plain, tmp_path):
    folder = tmp_path / "case"
    shutil.copytree(plain, folder)
    empty(folder)
    assert refused(folder, "tensors are empty", "zero_to_fp32.py").count("shape disagrees") == 21


DTENSOR = """
import sys, torch
from safetensors.torch import load_file
from torch.distributed.tensor import distribute_tensor, init_device_mesh
torch.distributed.init_process_group("gloo", init_method="tcp://127.0.0.1:29557", rank=0, world_size=1)
mesh = init_device_mesh("cpu", (1,))
torch.save({k: distribute_tensor(v, mesh) for k, v in load_file(sys.argv[1]).items()}, sys.argv[2])
"""


def test_dtensor(plain, tmp_path):
    folder = tmp_path / "case"
    shutil.copytree(plain, folder)
    command = [sys.executable, "-c", DTENSOR, folder / SAFE, folder / BIN]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (folder / SAFE).unlink()
    refused(folder, "the tensors are DTensors", "full_tensor()")


def test_advice_for_multimodal_models(tmp_path):
    """The lines of Python that names.yaml gives save a language model that converts, with its own head."""
    signs = yaml.safe_load((cli.ROOT / "keymap" / "names.yaml").read_text())["signs"]
    advice = next(sign["do"] for sign in signs if "multimodal" in sign["is"])
    lines = advice.removeprefix("Save its language model alone, and convert that: ").removesuffix(".")
    sizes = dict(hidden_size=32, num_attention_heads=2, num_hidden_layers=1, intermediate_size=48)
    text = LlamaConfig(**sizes, vocab_size=160, num_key_value_heads=2, max_position_embeddings=64)
    vision = CLIPVisionConfig(**sizes, image_size=28, patch_size=14)
    model = LlavaForConditionalGeneration(LlavaConfig(text_config=text, vision_config=vision))
    exec(lines, {"AutoModelForCausalLM": AutoModelForCausalLM, "model": model, "FOLDER": tmp_path / "text"})
    for target in TARGETS:
        done = cli.run("convert", "--target", target, "--output", tmp_path / target, tmp_path / "text")
        assert done.returncode == 0, done.stderr
    saved = load_file(tmp_path / "text" / SAFE)["lm_head.weight"]
    assert torch.equal(saved, model.lm_head.weight)
