"""config.yaml is read as OmegaConf reads it, and what is written to it is read back: package omegaconf, through
readyaml, against the real library on thousands of scalars, documents and names."""

import dataclasses
import io
import json
import math
import random
import struct
import subprocess
import sys
import unicodedata
from typing import Optional

import cli
import omegaconf
import pytest
from olmo.config import TrainConfig
from omegaconf import OmegaConf


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A function that asks readyaml about many requests at once."""
    program = tmp_path_factory.mktemp("readyaml") / "readyaml"
    subprocess.run(["go", "build", "-o", program, "./testdata/interop/readyaml"], cwd=cli.ROOT, check=True)

    def ask(key: str, texts: list[str]) -> list[dict]:
        requests = "".join(json.dumps({key: text}) + "\n" for text in texts)
        done = subprocess.run([program], input=requests, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.split("\n")[:-1]]

    return ask


def scalar(value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return f"int {value}"
        case float():
            return "float nan" if math.isnan(value) else f"float {struct.unpack('<Q', struct.pack('<d', value))[0]:x}"
    return value


@dataclasses.dataclass
class Fields:
    as_int: Optional[int] = None
    as_float: Optional[float] = None
    as_bool: Optional[bool] = None
    as_string: Optional[str] = None


FIELDS = OmegaConf.structured(Fields)


def converted(config) -> dict:
    """What a value is in a field of each type; null has none."""
    fits = {}
    for kind in ("int", "float", "bool", "string") if config.a is not None else ():
        try:
            raw = OmegaConf.create({f"as_{kind}": config._get_node("a")._value()})
            fits[kind] = scalar(OmegaConf.merge(FIELDS, raw)[f"as_{kind}"])
        except omegaconf.errors.OmegaConfBaseException:
            pass
    return fits


def tagged(config, key=None):
    """A value as readyaml writes it, but for what it is in the fields of classes."""
    node = config if key is None else config._get_node(key)
    if isinstance(node, omegaconf.DictConfig):
        if node._is_none():
            return {"scalar": "null"}
        # What is missing leaves the default in its place.
        return {"map": [[k, None if OmegaConf.is_missing(node, k) else tagged(node, k)] for k in node.keys()]}
    if isinstance(node, omegaconf.ListConfig):
        return [tagged(node, i) for i in range(len(node))]
    raw = node._value()
    if isinstance(raw, str):
        if node._is_interpolation() or node._is_missing():
            try:
                if "\\${" not in raw or node._is_missing():
                    return {"unknown": True}
                return {"str": config[key]}
            except omegaconf.errors.OmegaConfBaseException:
                return {"unknown": True}
        return {"str": str(raw)}
    return {"scalar": scalar(raw)}


def theirs(text: str):
    """What OmegaConf reads, and as its classes have it; None where it stops."""
    try:
        config = OmegaConf.load(io.StringIO(text, newline=None))
        return tagged(config)
    except RecursionError:
        return None
    except Exception:
        return None


def same(got, want) -> bool:
    """Whether both are one value. What is missing is null here, and what it is in fields is compared elsewhere."""
    if isinstance(want, dict) and "map" in want and isinstance(got, dict) and "map" in got:
        return [k for k, _ in got["map"]] == [k for k, _ in want["map"]] and all(
            w is None or same(g, w) for (_, g), (_, w) in zip(got["map"], want["map"])
        )
    if isinstance(want, list) and isinstance(got, list):
        return len(got) == len(want) and all(map(same, got, want))
    return isinstance(got, dict) and {k: v for k, v in got.items() if k != "as"} == want


def compare(ours, texts: list[str]) -> tuple[int, list[str]]:
    """How many documents both read, and where they disagree, or where only ours reads."""
    both, wrong = 0, []
    for text, answer in zip(texts, ours("read", texts), strict=True):
        if "error" in answer:
            continue
        want = theirs(text)
        if "map" not in answer["value"] and not isinstance(answer["value"], list):
            continue  # a document that is no mapping is no config
        if want is None and "unknown" in str(answer):
            continue  # the grammar of references is not read here: what they lead to is not known anyway
        if want is None or not same(answer["value"], want):
            wrong.append(f"{text!r}: ours {answer['value']}, OmegaConf {want}")
        else:
            both += 1
    return both, wrong


WORDS = """~ null Null NULL yes Yes YES no on On off OFF y Y n N true True TRUE false tRue 0 1 -1 +1 00 01 0o2 0o17 017 08 0x 0x1f 0X1F
0b1 0b2 -0b11 0x_ 0b_ 1_000 1__0 _1 1_ 1:30 1:60 1:2:3 -1:30 1:30.5 0:0 190:20:30.15 1. .5 -.5 +.5 1.5 1e5 1E5 1e-5 1e+5 1.e5 1.0e5
1.0e+5 1e5_0 1_0e5 1_0.5_0 ._1 1e999 -1e999 1e-999 .inf -.inf +.inf .INF .Inf inf .nan .NaN .NAN nan 100000000000000000000000 9223372036854775807
9223372036854775808 2020-01-01 2020-01-01T00:00:00 12:30:45 = << < > | ! & * ? - : , # ??? \\??? '' "" '???' "\\\\???" '1' "1" '1e5' 'yes' "${a}" ${a} ${oc.env:HOME}
"\\\\${a}" "\\\\\\\\${a}" "\\\\\\\\\\\\${a}" x\\${a}y a\\b "a\\tb" "\\x7f" "\\u2028" "\\uD800" "\\U0001F600" "\\/" "\\q" ~x x~ @x `x %x x%y x#y x:y :x ?x -x x- -- ---
!!str 5|!!str|!!int '5'|!!int x|!!float 1|!!float x|!!bool yes|!!bool x|!!null x|!!binary aGk=|!!set {a}|!!omap [a: 1]|!!timestamp 2020-01-01|!!python/none
! 5|! '5'|!x y|&a x|&a ! '1'|! &a '1'|&a !!str 1|!<tag:yaml.org,2002:str> 5|!<!x> 5| x |[]|{}|[1, 2]|[1, [yes], {a: no}]|{a: 1, b}|{a, b}|[a: 1]|{a: 1, a: 2}|{? a : b}|{"a":1}|[a,]|[,]|{,}|{a: ???}
1 2|1\t2|1 # x|1#x|'it''s'|"a" b|a 'b'|x: y|- x|? x|{x: y: z}|[x: y: z]|"a\\\n  b"|a\n  b|a\n\n  b|'a\n\n  b'|\n  - x\n  - 1|\n- x|\n  a: 1\n  <<: {b: 2}|{<<: {a: 1}, b: 2}
{<<: [{a: 1}, {a: 2, b: 3}]}|{<<: 1}|{<<: [1]}|{'<<': 1}|{a: 5, <<: {a: 1}}|{<<: {a: 1}, <<: {a: 2}}|{1: a}|{~: a}|{yes: a}|{=: 1}|{[a]: 1}|{&x a: *x}|{'=': 1}|{!!str =: 1}
|\n  x\n  y|>\n  x\n  y|>-\n  x\n\n  y|>+\n  x\n\n||2\n   x|\ufeff|x\ufeff|\xa0|\x85|x\x85y|x\u2028y|\x7f|\x01|\u0661|\ue000|\ufffe|\U0001f600""".replace("\n", "|")


def scalars() -> list[str]:
    texts = [text.replace("\\n", "\n").replace("\\t", "\t") for part in WORDS.split("|") for text in (part, *part.split(" "))]
    chance = random.Random(11)
    alphabets = ("0123456789", "0123456789_.:eE+-", "01_bxo-+", "aeinfNy.~", "-?:,[]{}#&*!|>'\"%@` a\n", "\\${}?a\"")
    texts += ["".join(chance.choices(chance.choice(alphabets), k=chance.randrange(1, 9))) for _ in range(1500)]
    return ["a: " + text + "\n" for text in texts] + ['a: "' + text + '"\n' for text in texts]


def test_scalars(ours):
    both, wrong = compare(ours, scalars())
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])
    assert both > 1500


def test_scalars_in_the_fields_of_classes(ours):
    """OmegaConf converts what it reads to the type of its field, and so do we; what fits no field fits none here."""
    wrong, seen = [], set()
    for text, answer in zip(scalars(), ours("read", scalars()), strict=True):
        value = answer.get("value", {}).get("map", [[None, None]])[0][1] if "value" in answer else None
        if isinstance(value, dict) and ("str" in value or "scalar" in value) and str(value) not in seen:
            seen.add(str(value))
            got, want = value["as"], converted(OmegaConf.load(io.StringIO(text, newline=None)))
            extra = {kind for kind in got if got[kind] != want.get(kind)}
            # Whole numbers past 64 bits, and digits of other scripts, are not read here.
            lost = {kind for kind in want if kind not in got and text.isascii() and len(want["string"]) < 19}
            if extra or lost:
                wrong.append(f"{text!r}: ours {got}, OmegaConf {want}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])
    assert len(seen) > 500


DOCUMENTS = [
    "", "#x\n", "---\n", "---\na: 1\n", "a: 1\n...\n", "a: 1\n---\nb: 1\n", "a: 1\n...\n---\n", "%YAML 1.1\n---\na: 1\n", "%YAML 1.2\n---\na: 0o7\n", "%YAML 2.0\n---\na: 1\n",
    "%FOO\n---\na: 1\n", "%TAG ! x\n---\na: !y 1\n", "%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1\n", "- a\n", "a\n", "1\n", "~\n", "'a: 1'\n", "a: 1\na: 2\n", "a: 1\n'a': 2\n", "a: 1\r\nb: 2\r\n",
    "a: 1\rb: 2\r", "a: 1\n\tb: 2\n", "\ta: 1\n", "a:\t1\n", "a: 1\t\n", "a:1\n", "a : 1\n", "? a\n: 1\n", "? a\n", ": 1\n", "a:\n- 1\n- 2\n", "a:\n  - 1\n - 2\n", "a:\n    b: 1\n  c: 2\n",
    "x: &x {a: 1}\ny: *x\n", "x: &x {a: 1}\ny: {<<: *x, b: 2}\n", "y: *x\n", "x: &x [*x]\n", "x: &x {y: *x}\n", "a: &x 1\nb: &x 2\nc: *x\n",
    "p: &p {k: 1}\nq: &q {k: 2}\nr: &r {<<: [*p, *q]}\ns: {<<: *r}\n", "p: &p {k: 1, j: 1}\nr: &r\n  <<: *p\n  k: 3\ns:\n  <<: *r\n  j: 4\n", "a: {b: 1,\n c: 2}\n",
    "\ufeffa: 1\n", "a: 'x\ny'\n", "a: \"x\\\n  y\"\n", "a: |\n x\n  y\nb: 1\n", "a: # c\n  1\n", "a: 1 #c\n#d\nb: 2\n", "{a: 1}\n", "[a: 1]\n", "{a: 1} b\n", "a: [1,\n2]\n", "!!map {a: 1}\n", "!x {a: 1}\n",
    "a: !!seq [1]\n", "a: !!map {b: 1}\n", "a: !!str [1]\n", "--- a: 1\n", "--- {a: 1}\n", "a: 1\n--- \n", "a: b: c\n", "a: [b: c: d]\n", "\"a\":1\n", "{\"a\":1}\n", "a: x\n b: y\n", "a:\n\n\n  b: 1\n", "a: 1\0\n",
]  # fmt: skip


def mutations(count: int) -> list[str]:
    """Real configs with a few characters put in, taken out, or moved."""
    chance = random.Random(12)
    seeds = [
        "run_name: x\nmodel: &m\n  d_model: 64\n  rope: true\n  eps: 1.0e-05\n  list: [0.9, 0.95]\n  none: null\nload_path: \"/a b/${x}\"\n",
        "a: &a {k: 1, l: [x, 'y z', \"q\\n\"]}\nb:\n  <<: *a\n  m: !!str 5\n  n: |\n    text\n  o: >-\n    more\n    text\nc:\n- 1\n- - 2\n  - {d: e}\n",
        "# x\n---\ntop:\n  - name: a # c\n    size: 1_000\n  - {name: 'b', size: 0x10}\n'quoted key': off\n? complex\n: 1:30\n",
    ]
    pieces = list("-?:,[]{}#&*!|>'\"%@` \n\t\\~=<$.0e") + ["- ", ": ", "\n  ", "<<: ", "*a", "&a ", "!!str ", "! ", "...\n", "---\n", "${", "???", "\x85", "\u2028", "\xa0"]
    texts = []
    for _ in range(count):
        text = chance.choice(seeds)
        for _ in range(chance.randrange(1, 4)):
            at, end = sorted(chance.randrange(len(text)) for _ in range(2))
            match chance.randrange(4):
                case 0:
                    text = text[:at] + chance.choice(pieces) + text[at:]
                case 1:
                    text = text[:at] + text[at + chance.randrange(1, 4) :]
                case 2:
                    text = text[:at] + chance.choice(pieces) + text[at + 1 :]
                case 3:
                    text = text[:at] + text[at : min(end, at + 30)] + text[at:]
        texts.append(text)
    return texts


def test_documents(ours):
    both, wrong = compare(ours, DOCUMENTS + mutations(3000))
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])
    assert both > 600


def names() -> list[str]:
    """A name with a character of each of Unicode's classes, in several places, and what means something to YAML or OmegaConf."""
    chance = random.Random(13)
    classes: dict[str, list[str]] = {}
    for code in range(1, sys.maxunicode + 1):
        classes.setdefault(unicodedata.category(chr(code)), []).append(chr(code))
    del classes["Cs"]  # no text has them
    some = [c for members in classes.values() for c in (members if len(members) < 70 else chance.sample(members, 40))]
    some += [chr(code) for code in range(1, 0x180)] + list("\u2028\u2029\u0085\u00a0\ufeff\ufffe\uffff\U0001f600\U0010ffff")
    texts = [text for c in some for text in (c, c + "x", "x" + c, "/a/" + c + "b/c")]
    texts += WORDS.split("|") + WORDS.split() + ["x\\${oc.env:HOME}", "x\\\\${y}", "\\\\\\${y}\\", "${a${b}}", "$${a}", "${", "a\\", "new\nline", "a\rb", "a\r\nb", "tab\there", "b'c\"d"]
    alphabet = "ab/ \\${}?\"':#\n\t~-"
    return texts + ["".join(chance.choices(alphabet, k=chance.randrange(1, 12))) for _ in range(2000)]


def test_what_is_written_is_read_back(ours):
    wanted = [name for name in names() if name]
    lines = ours("write", wanted)
    refused = [name for name, line in zip(wanted, lines) if "error" in line]
    assert all(name.strip("\\") == "???" for name in refused), refused
    # one document for all: OmegaConf takes a while to start
    for start in range(0, len(wanted), 3000):
        part = [(name, line["text"]) for name, line in zip(wanted[start : start + 3000], lines[start:]) if "text" in line]
        document = "names:\n" + "".join(f"- {{name: {text}}}\n- name: {text}\n  list: [{text}]\n" for _, text in part)
        read = OmegaConf.load(io.StringIO(document, newline=None)) if len(part) < 1500 else load_many(document)
        for i, (name, text) in enumerate(part):
            flow, block = read.names[2 * i], read.names[2 * i + 1]
            assert flow.name == block.name == block.list[0] == name, f"{name!r} was written as {text}, and read as {flow.name!r}"
    back = ours("read", [f"a: {line['text']}\n" for line in lines if "text" in line])
    kept = [name for name, line in zip(wanted, lines) if "text" in line]
    for name, answer in zip(kept, back, strict=True):
        assert answer["value"]["map"][0][1]["str"] == name, (name, answer)


def load_many(document: str):
    return OmegaConf.load(io.StringIO(document, newline=None), max_yaml_expanded_nodes=None)


@pytest.mark.parametrize("target", ["olmo", "olmo-core"])
def test_folders_of_any_name(target, tmp_path):
    """The trainer reads the very path of a folder in its config.yaml, whatever the folder is called."""
    named = ["plain", "new\nline", "a\rb", "x\u2028y", "x\x85y", "\x7f", "\x01", "=", "<<", "~", "- a", "x\\${oc.env:HOME}", "x\\\\${y}", "${y}"]
    named += ["tab\there", "1e5", "null", "yes", "\xa0", "\ufeff", "'\"", "a: b", "a #b", "\U0001f600"]
    for i, name in enumerate(named):
        output = tmp_path / str(i) / name
        done = cli.run("convert", "--quiet", "--target", target, "--output", output, cli.ROOT / "testdata/models/llama")
        assert done.returncode == 0, done.stderr
        if target == "olmo":
            folder = f"{output}-unsharded"
            config = TrainConfig.load(f"{folder}/config.yaml")
            assert (config.load_path, config.tokenizer.identifier, config.run_name) == (folder, f"{folder}/tokenizer.json", name)
            assert config.save_folder == f"runs/{name}"
        else:
            assert json.loads((output / "config.json").read_text())["model"]
