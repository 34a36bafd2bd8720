"""What goes along with a model: the tokenizer, its settings, the chat template and the generation config, read by
transformers 5 and 4.57 from where the trainer's config names them."""

import json
import shutil

import cli
import containers
import loaded
import models
import tokenizer_kinds
import transformers4
from olmo_core.data.tokenizer import TokenizerConfig
from transformers import GenerationConfig

MESSAGES = [{"role": "user", "content": "Hello"}]
GENERATION = {"eos_token_id": [0, 3], "temperature": 0.5, "do_sample": True}


def source(tmp_path, kind, settings):
    model = tmp_path / kind
    containers.write(models.variant("llama", vocab_size=800), model, "safetensors")
    ids = tokenizer_kinds.write(model, kind, settings)
    (model / "generation_config.json").write_text(json.dumps(GENERATION))
    (model / "chat_template.jinja").write_text("{{ messages[0]['content'] }}!")
    return model, ids


def agree(folders, wanted, messages="Hello!"):
    """Both versions give the ids, of all folders in one process each."""
    jobs = [{"ids": str(folder), "texts": tokenizer_kinds.TEXTS} for folder in folders]
    jobs += [{"chat": str(folder), "messages": MESSAGES} for folder in folders]
    older = transformers4.run("loaded.py", stdin=jobs)
    assert older["version"] == "4.57.6"
    for which, results in (("4.57", older["results"]), ("5", [loaded.do(job) for job in jobs])):
        for folder, ids, want in zip(folders, results, wanted):
            assert ids == want, f"{which}: {folder}"
        assert results[len(folders) :] == [messages] * len(folders), which


def test_core_finds_its_tokenizer(tmp_path):
    """AutoTokenizer of OLMo-core's identifier, after the download has gone: the ids of tokenizer.json."""
    folders, wanted = [], []
    for kind, settings in [*((kind, True) for kind in tokenizer_kinds.KINDS), ("dolma2", False), ("gemma", False)]:
        model, ids = source(tmp_path, kind, settings)
        out = tmp_path / "out" / f"{kind}-{settings}"
        done = cli.run("convert", "--target", "olmo-core", "--output", out, model)
        assert done.returncode == 0, done.stderr
        shutil.rmtree(model)
        core = TokenizerConfig.from_dict(json.loads((out / "config.json").read_text())["dataset"]["tokenizer"])
        assert core.identifier == str(out)
        assert GenerationConfig.from_pretrained(core.identifier).eos_token_id == [0, 3]
        folders.append(core.identifier)
        wanted.append(ids)
    agree(folders, wanted)


def test_olmo_has_it_too(tmp_path):
    model, _ = source(tmp_path, "dolma2", True)
    folder = cli.convert(model, tmp_path / "out")
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja"):
        assert (folder / name).read_bytes() == (model / name).read_bytes(), name
