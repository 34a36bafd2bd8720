"""Makes the fixtures beside it with the real library.

    pip install tokenizers==0.23.3
    python make.py

expected.json has what the library itself says of every tokenizer: its size and ids.
"""
import json
import os
import shutil

from tokenizers import AddedToken, Tokenizer, models

os.chdir(os.path.dirname(os.path.abspath(__file__)))
expected = {}


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def tokenizer():
    vocab = {c: i for i, c in enumerate("abc<>|")} | {"ab": 6, "<pad>": 7}
    t = Tokenizer(models.BPE(vocab, [("a", "b")]))
    t.add_special_tokens(["<pad>", "<eos>"])
    t.add_tokens([AddedToken("héllo"), AddedToken(" x"), "ab"])
    return t


def tokenizers():
    fresh("tokenizers")
    unk = {"a": 0, "##b": 1, "[UNK]": 2}
    made = {"bpe": tokenizer(), "wordlevel": Tokenizer(models.WordLevel(dict(unk), "[UNK]")),
            "wordpiece": Tokenizer(models.WordPiece(dict(unk), unk_token="[UNK]")),
            "unigram": Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0), ("b\\", -2.0), ("a", -3.0)], 0))}
    for name, t in made.items():
        if name != "bpe":
            t.add_special_tokens(["[UNK]", "<unk>", "</s>", "\N{SNOWMAN}"])
        t.save(f"tokenizers/{name}.json")
    bpe = json.load(open("tokenizers/bpe.json"))
    odd = {"vocab-first": {"model": bpe["model"], **bpe}, "no-added": {k: v for k, v in bpe.items() if k != "added_tokens"}}
    blank = {k: False for k in ("single_word", "lstrip", "rstrip", "normalized", "special")}
    odd["renumbered"] = bpe | {"added_tokens": [blank | {"id": i, "content": c} for i, c in
                                                [(3, "b"), (20, "q"), (21, "q"), (22, ""), (40, "r")]]}
    holes = json.load(open("tokenizers/wordlevel.json"))
    holes["model"]["vocab"] = {"a": 0, "b": 50, "[UNK]": 2}
    odd["holes"] = holes | {"added_tokens": [blank | {"id": i, "content": c} for i, c in [(50, "b"), (51, "q"), (52, "r")]]}
    for name, value in odd.items():
        with open(f"tokenizers/{name}.json", "w") as f:
            json.dump(value, f)
    for name in sorted(os.listdir("tokenizers")):
        t = Tokenizer.from_file(f"tokenizers/{name}")
        words = ["a", "b", "ab", "b\\", "<pad>", "<eos>", "héllo", " x", "q", "r", "", "[UNK]", "</s>", "\N{SNOWMAN}", "##b"]
        expected[name] = {"size": t.get_vocab_size(with_added_tokens=True), "ids": {w: t.token_to_id(w) for w in words}}


tokenizers()
with open("expected.json", "w") as f:
    json.dump(expected, f, indent=1, sort_keys=True, ensure_ascii=False)
    f.write("\n")
