"""tokenizer.json, config.json and the index as tokenizers, Python and transformers read them: random changes to each
part are read by both sides, and what one takes the other takes."""

import copy
import json
import os
import random
import shutil
from pathlib import Path

import cli
import pytest
from olmo.config import TrainConfig
from olmo.tokenizer import Tokenizer as OLMoTokenizer
from olmo_core.data.tokenizer import TokenizerConfig
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import AutoTokenizer

MODEL = cli.ROOT / "testdata" / "models" / "llama"

# Objects are lists of pairs, so that a key can appear twice.


class Members(list):
    pass


def pairs(value):
    if isinstance(value, dict):
        return Members((key, pairs(item)) for key, item in value.items())
    return [pairs(item) for item in value] if isinstance(value, list) else value


class Raw(str):
    """A piece of JSON that is written verbatim, for what json.dumps would not write."""


def text(value) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Members):
        return "{" + ", ".join(json.dumps(key) + ": " + text(item) for key, item in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return json.dumps(value)


ADDED = {"id": 0, "content": "<eos>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
VOCAB = {"<eos>": 0, "a": 1, "b": 2, "ab": 3, "##b": 4, "c": 5, "abc": 6}
PATTERN = {"Regex": "[^a-z[:alpha:]]|\\(|(?<x>\\s+)"}
SPLIT = {"type": "Split", "pattern": PATTERN, "behavior": "Isolated", "invert": False}
METASPACE = {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True, "prepend_scheme": "always", "split": True}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
TOKEN = {"id": "<eos>", "ids": [0], "tokens": ["<eos>"]}
PIECES = [{"SpecialToken": {"id": "<eos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
MODELS = [
    {"type": "BPE", "dropout": None, "unk_token": "a", "continuing_subword_prefix": None, "end_of_word_suffix": None,
     "fuse_unk": False, "byte_fallback": False, "ignore_merges": True, "vocab": VOCAB, "merges": ["a b", "ab c"]},
    {"type": "BPE", "dropout": 0.5, "vocab": VOCAB, "continuing_subword_prefix": "##", "merges": [["a", "##b"]]},
    {"type": "WordPiece", "unk_token": "a", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": VOCAB},
    {"type": "WordLevel", "vocab": VOCAB, "unk_token": "a"},
    {"type": "Unigram", "unk_id": 1, "vocab": [["<eos>", 0.0], ["a", -1.5], ["b", -2]], "byte_fallback": False},
]  # fmt: skip
PARTS = {
    "normalizer": [
        {"type": "Bert", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": False},
        {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": True, "lowercase": False},
        {"type": "Strip", "strip_left": True, "strip_right": False}, {"type": "NFC"}, {"type": "StripAccents"}, {"type": "Nmt"},
        {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Replace", "pattern": {"String": " "}, "content": "_"}]},
        {"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAABh"}, {"type": "Prepend", "prepend": "_"}, {"type": "ByteLevel"},
        {"type": "Replace", "pattern": PATTERN, "content": "\u2581"},
    ],
    "pre_tokenizer": [
        {"type": "BertPreTokenizer"}, BYTES, {"type": "CharDelimiterSplit", "delimiter": "x"}, METASPACE, {"type": "Whitespace"}, SPLIT,
        {"type": "Sequence", "pretokenizers": [SPLIT, BYTES]}, {"type": "Punctuation", "behavior": "Removed"}, {"type": "WhitespaceSplit"},
        {"type": "Digits", "individual_digits": True}, {"type": "UnicodeScripts"}, {"type": "FixedLength", "length": 3},
    ],
    "post_processor": [
        {"type": "BertProcessing", "sep": ["<eos>", 0], "cls": ["a", 1]}, BYTES,
        {"type": "RobertaProcessing", "sep": ["<eos>", 0], "cls": ["a", 1], "trim_offsets": True, "add_prefix_space": True},
        {"type": "TemplateProcessing", "single": PIECES, "pair": PIECES + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<eos>": TOKEN}},
        {"type": "Sequence", "processors": [BYTES, {"type": "BertProcessing", "sep": ["<eos>", 0], "cls": ["a", 1]}]},
    ],
    "decoder": [
        {"type": "BPEDecoder", "suffix": "x"}, BYTES, {"type": "WordPiece", "prefix": "##", "cleanup": True}, METASPACE, {"type": "Fuse"},
        {"type": "CTC", "pad_token": "a", "word_delimiter_token": "|", "cleanup": True}, {"type": "ByteFallback"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "_"}, "content": " "}, {"type": "Fuse"}]},
    ],
    "truncation": [{"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}],
    "padding": [
        {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"},
        {"strategy": {"Fixed": 3}, "direction": "Left", "pad_to_multiple_of": 8, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"},
    ],
}  # fmt: skip
POOL = [
    None, True, False, 0, 1, -1, 2**32, 2**64, -(2**63) - 1, 0.5, 1.0, Raw("-0"), Raw("1e400"), Raw("0e0"), "", "a", "ab", "##b", "zz", "Nope",
    "NFC", "A", "Right", "Removed", "never", "first", "BPE", "Unigram", "Whitespace", "Sequence", "ByteLevel", "CharDelimiterSplit", "1.0", "(", "[]", "[a", "a)", "\\",
    [], ["a"], ["a", 1], ["a", "b"], [["a", "b"]], [["a", 0.5]], ["Whitespace"], [[]], [True, False], Members(), Members([("BPE", None)]), Members([("Regex", "a+")]),
    Members([("String", "a"), ("Regex", "b")]), Members([("Sequence", Members([("id", "B"), ("type_id", 0)]))]), Members([("Fixed", 3)]),
    Members([("type", "Fuse")]), Members([("type", "NFC")]), Members([("NFC", None)]), "AAAAAA", "AAAAAB==", "AAAA=", "a b", "b  a", "#version: 0.2", "b c", Raw('"\\ud800"'), Raw('"\\u0061"'), Raw('"\t"'), Raw("NaN"),
]  # fmt: skip


def tokenizer(r: random.Random) -> Members:
    parts = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [ADDED, {**ADDED, "id": 9, "content": "<pad>"}]}
    for name in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        parts[name] = None
    for name in r.sample(sorted(PARTS), 2):
        parts[name] = r.choice(PARTS[name])
    return pairs({**parts, "model": r.choice(MODELS)})


def places(value, path=()):
    """The paths of all lists and objects in a value."""
    found = [path] if isinstance(value, list) else []
    if isinstance(value, list):
        for i, item in enumerate(value):
            found += places(item[1] if isinstance(value, Members) else item, (*path, i))
    return found


def change(value, r: random.Random) -> None:
    """One change somewhere in a value."""
    *_, at = path = r.choice([p for p in places(value) if p] or [(0,)])
    if r.random() < 0.25:
        path, at = (r.randrange(len(value)),), None
    inside = value
    for i in path:
        inside = inside[i][1] if isinstance(inside, Members) else inside[i]
        if not isinstance(inside, list):
            inside = value
            break
    if not inside:
        inside.append(("x", 1) if isinstance(inside, Members) else "x")
        return
    i = r.randrange(len(inside))
    member = isinstance(inside, Members)
    key, item = inside[i] if member else (None, inside[i])


    def put(v):
        return (key, copy.deepcopy(v)) if member else copy.deepcopy(v)

    kind = r.randrange(8)
    if kind == 0:
        del inside[i]
    elif kind == 1:
        inside.insert(r.randrange(len(inside) + 1), put(item))
    elif kind == 2:
        inside.insert(r.randrange(len(inside) + 1), put(r.choice(POOL)))
    elif kind == 3 and member:
        inside[i] = (r.choice(["x", "type", "id", "vocab", "merges", "content", "prepend", "zz"]), item)
    elif kind == 4 and isinstance(item, Members):
        inside[i] = put([v for _, v in item if r.random() < 0.9])
    elif kind == 5 and member:
        j = r.randrange(len(inside))
        inside[i], inside[j] = inside[j], inside[i]
    else:
        inside[i] = put(r.choice(POOL))


def models(folder: Path, texts: list[str], name: str) -> list[Path]:
    """A model for each text, which is its file of that name; the weights are shared."""
    made = []
    for i, content in enumerate(texts):
        model = folder / f"m{i}"
        model.mkdir(parents=True)
        for file in MODEL.iterdir():
            if file.name != name:
                os.link(file, model / file.name) if file.stat().st_dev == folder.stat().st_dev else shutil.copy(file, model)
        (model / name).write_bytes(content.encode("utf-8", "surrogatepass"))
        made.append(model)
    return made


def ours(folder: Path, texts: list[str], name: str) -> list[str]:
    """What a conversion says of each text: "" where it reads it. All in one process."""
    made = models(folder, texts, name)
    done = cli.run("convert", "--target", "olmo-core", "--json", "--quiet", "--into", folder / "out", *made)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(records) == len(made), done.stderr
    return [record["error"] for record in records]


def written(folder: Path, i: int) -> dict:
    return json.loads((folder / "out" / f"m{i}" / "step0" / "config.json").read_text())


def theirs(path: Path) -> tuple[Tokenizer | None, str]:
    try:
        return Tokenizer.from_file(str(path)), ""
    except BaseException as error:  # a panic of Rust is none of Exception
        return None, str(error) or type(error).__name__


# What tokenizers refuses and we take: said here, with the reason.
TAKEN = {
    "Oniguruma error": "expressions are only looked at for brackets: no other program compiles Oniguruma's",
}
ROWS = 104  # of the model's embedding


@pytest.mark.parametrize("seed", [int(os.environ.get("SEED", 1))])
def test_tokenizers_agree(tmp_path, seed):
    r = random.Random(seed)
    texts = []
    for _ in range(int(os.environ.get("COUNT", 600))):
        value = tokenizer(r)
        for _ in range(r.choice([0, 1, 1, 1, 2, 3])):
            change(value, r)
        texts.append(text(value))
    said = ours(tmp_path / "models", texts, "tokenizer.json")
    taken = refused = 0
    for i, content in enumerate(texts):
        real, why = theirs(tmp_path / "models" / f"m{i}" / "tokenizer.json")
        taken, refused = taken + (not why), refused + bool(why)
        if any(known in why for known in TAKEN) and not said[i]:
            continue
        assert bool(why) == bool(said[i]), f"tokenizers: {why or 'reads it'}\nours: {said[i] or 'reads it'}\n{content}"
        if real is not None:
            tokens = max([real.get_vocab_size(), *(id + 1 for id in real.get_vocab().values())])
            assert written(tmp_path / "models", i)["dataset"]["tokenizer"]["vocab_size"] == min(tokens, ROWS), content
    assert min(taken, refused) > len(texts) // 5, (taken, refused)


JSON_FAULTS = ("is not valid JSON", "is not valid UTF-8", "appears twice, with different values", "a whole number has", "is nested too deeply")
PIECES_OF_JSON = [
    "{", "}", "[", "]", ",", ":", '"', "\\", " ", "\t", "\n", "\r", "\x0b", "\u00a0", "\ufeff", "\x00", "\x7f", "\udcff", "/", "//x", "/**/", "'",
    "NaN", "Infinity", "-Infinity", "nan", "-NaN", "+", "-", "0", "00", "1", "-0", "1.", ".5", "1.5", "1e5", "1E+400", "1e-400", "0x1", "1_0",
    "9" * 25, "9" * 400, "9" * 4300, "9" * 4301, "null", "true", "false", "None", "True", '"a"', '"b": 1', '"\\ud800"', '"\\ud83d\\ude00"', '"\\x41"', '"\\u12"',
    '"a": 1, "a": 1.0', '"a": 1, "a": true', '"a": [NaN], "a": [NaN]', '"a": {"b": 0}, "a": {"b": -0.0}', "[" * 800 + "]" * 800, "[" * 3000 + "]" * 3000, "\u0661",
]  # fmt: skip


def alike(a, b) -> bool:
    """Whether two values mean the same: 1 is 1.0 and not true, and NaN is itself."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return a == b or (a != a and b != b)


def python(path: Path) -> str:
    """Why Python's json does not read a file, as transformers calls it; or that a key has two meanings."""

    def once(found):
        value = {}
        for key, item in found:
            if key in value and not alike(value[key], item):
                raise ValueError(f"{key} twice")
            value[key] = item
        return value

    try:
        with open(path, encoding="utf-8") as file:
            json.loads(file.read(), object_pairs_hook=once)
        return ""
    except (ValueError, RecursionError) as error:
        return str(error)


def json_texts(r: random.Random, count: int) -> list[str]:
    base = (MODEL / "config.json").read_text()
    texts = []
    for _ in range(count):
        pieces = ["{", '"k": ', "[", "1", ", ", "2.5", "]", ", ", '"s": ', '"text"', ", ", '"n": ', "null", "}"]
        for _ in range(r.choice([0, 1, 1, 2])):
            i = r.randrange(len(pieces))
            pieces[i : i + r.randrange(2)] = [r.choice(PIECES_OF_JSON)]
        texts.append(base.replace("{", '{"x": ' + "".join(pieces) + ",", 1))
    return texts


def test_config_is_read_as_python_reads_it(tmp_path):
    texts = json_texts(random.Random(int(os.environ.get("SEED", 1))), int(os.environ.get("COUNT", 600)))
    said = ours(tmp_path / "models", texts, "config.json")
    read = 0
    for i, content in enumerate(texts):
        why = python(tmp_path / "models" / f"m{i}" / "config.json")
        refused = any(fault in said[i] for fault in JSON_FAULTS)
        assert bool(why) == refused, f"python: {why or 'reads it'}\nours: {said[i] or 'reads it'}\n{content[:600]!r}"
        read += not why
    assert len(texts) // 5 < read < len(texts) * 4 // 5, read


NUMBERS = [
    "128", "128.0", "1.28e2", "12800e-2", "1E2", "-0", "-128", "0128", "+128", "0x80", "1_28", "128.5", "NaN", "Infinity", "1e400", "9" * 30,
    '128, "max_position_embeddings": 128.0', '128, "max_position_embeddings": 129', "[128]", '"128"', "true", "null",
]  # fmt: skip


def test_numbers_are_pythons(tmp_path):
    """A number that counts is Python's: a whole one however it is written, and nothing else is taken."""
    base = json.loads((MODEL / "config.json").read_text())
    base.pop("max_position_embeddings")
    texts = [json.dumps(base).replace("{", '{"max_position_embeddings": ' + number + ", ", 1) for number in NUMBERS]
    said = ours(tmp_path / "models", texts, "config.json")
    for i, number in enumerate(NUMBERS):
        try:
            value = json.loads(texts[i])["max_position_embeddings"]
        except ValueError:
            value = None
        whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 and value < 2**53 and value == int(value)
        if not whole or "129" in number:
            assert said[i], number
        else:
            assert not said[i], (number, said[i])
            assert written(tmp_path / "models", i), number


def test_what_is_written_is_found(tmp_path):
    """--tokenizer: what the config names is what the trainer of each target opens."""
    bare, tokenizers = tmp_path / "bare", tmp_path / "tok"
    shutil.copytree(MODEL, bare, ignore=shutil.ignore_patterns("tokenizer*"))
    tokenizers.mkdir()
    shutil.copy(MODEL / "tokenizer.json", tokenizers)
    for number, named in enumerate((tokenizers, tokenizers / "tokenizer.json", os.path.relpath(tokenizers))):
        folder = cli.convert(bare, tmp_path / f"o{number}", "--tokenizer", named)
        assert OLMoTokenizer.from_checkpoint(folder).vocab_size == 91
        done = cli.run("convert", "--target", "olmo-core", "--output", tmp_path / f"c{number}", "--tokenizer", named, bare)
        assert done.returncode == 0, done.stderr
        config = json.loads((tmp_path / f"c{number}" / "config.json").read_text())["dataset"]["tokenizer"]
        core = TokenizerConfig.from_dict(config)
        assert len(AutoTokenizer.from_pretrained(core.identifier)) == core.vocab_size == 91


def test_ids_past_two_bytes(tmp_path):
    """The type of token ids on disk holds every id, also where there are fewer tokens than that."""
    import containers
    import models as made

    source = tmp_path / "model"
    containers.write(made.variant("llama", vocab_size=70000), source, "safetensors")
    value = json.loads((MODEL / "tokenizer.json").read_text())
    value["model"]["vocab"]["<far>"] = 69999
    (source / "tokenizer.json").write_text(json.dumps(value))
    folder = cli.convert(source, tmp_path / "out")
    config = TrainConfig.load(folder / "config.yaml")
    assert config.data.memmap_dtype == "uint32" and config.model.vocab_size == 92
    assert OLMoTokenizer.from_checkpoint(folder).vocab_size == 92


def test_metadata_null(tmp_path):
    """__metadata__: null is none, to safetensors too; other things that are not texts are refused by both."""
    data = (MODEL / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = {k: v for k, v in json.loads(data[8 : 8 + size]).items() if k != "__metadata__"}
    metadata = [None, {}, {"a": "b"}, {"a": None}, {"a": 1}, [], "", 1]
    made = models(tmp_path / "models", ["x"] * len(metadata), "model.safetensors")
    for model, value in zip(made, metadata):
        text = json.dumps({"__metadata__": value, **header}).encode()
        (model / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])
        try:
            with safe_open(model / "model.safetensors", "pt") as file:
                real = bool(file.keys())
        except Exception:
            real = False
        done = cli.run("convert", "--dry-run", "--quiet", "--into", tmp_path / "out", model)
        assert (done.returncode == 0) == real, (value, done.stderr)
