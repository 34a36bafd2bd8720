"""JSON and YAML, mutated as text that a hand, or another program, may write."""

import json

from values import Dice, edit_bytes, edit_list

# Values of JSON as they are spelled: what Python's json takes and what it does not.
SPELLED = [
    "0", "1", "-0", "-1", "2", "8", "16", "1.0", "1e2", "1E+2", "-0.0", "1e999", "-1e999", "1e-999", "NaN",
    "Infinity", "-Infinity", "01", "1_0", "+1", ".5", "5.", "0x10", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "123456789012345678901234567890", "0.1", "1e-05", "true", "false",
    "null", "True", "None", "nan", '""', '"a"', "'a'", '"\\u0041"', '"\\ud83d\\ude00"', '"\\ud800"',
    '"\\udc00\\ud800"', '"\\u0000"', '"\u0001"', '"\\x41"', '"\\/"', '"\\a"', '"\u00e9"', '"\u2028"', "[]", "{}",
    "[1, 2]", '{"a": 1}', "[[[[]]]]", '"F32"', '"BF16"', '"F16"', '"I64"', '"F64"', '"U8"', '"BOOL"', '"F8_E4M3"',
    '"f32"', '"C64"', "[0, 4]", "[4, 8]", "[0, 0]", "[8]", "[1, 1]", "[2.0]", "[-1]", "[0, 16]", "[16, 24]",
    "[18446744073709551615, 1]",
]  # fmt: skip
SPACES = [
    "", " ", "\n", "\t", "\r\n", "  ", "\f", "\u00a0", "\ufeff", "/**/", "//\n", "#\n", ",",
]  # fmt: skip


class Spelled(str):
    """A value that is written verbatim."""


class Pairs(list):
    """An object, with its keys in order and perhaps twice."""


def parse(text: str):
    return json.loads(text, object_pairs_hook=lambda pairs: Pairs([list(pair) for pair in pairs]))


def write(value) -> str:
    if isinstance(value, Spelled):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{k if isinstance(k, Spelled) else json.dumps(k)}: {write(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write, value)) + "]"
    return json.dumps(value)


def containers(value) -> list:
    """All objects and lists inside of value."""
    found = [value] if isinstance(value, list) else []
    for item in value if isinstance(value, list) else []:
        found += containers(item[1] if isinstance(value, Pairs) else item)
    return found


def edit_value(rng: Dice, value) -> None:
    """Changes one member or element."""
    at = rng.choice(containers(value))
    how = rng.randrange(8)
    if not at or how == 0:
        edit_list(rng, at)
    elif isinstance(at, Pairs):
        pair = rng.choice(at)
        other = rng.choice(at)
        if how == 1:
            at.append([pair[0], pair[1]])
        elif how == 2:
            at.append([pair[0], Spelled(rng.choice(SPELLED))])
        elif how == 3:
            at.insert(0, [pair[0], other[1]])
        elif how == 4:
            pair[0] = (
                rng.choice(
                    [pair[0].upper(), pair[0] + "_", "", Spelled("a"), Spelled('"\\u0061"'), Spelled("1"), other[0]]
                )
                if isinstance(pair[0], str)
                else "a"
            )
        elif how == 5:
            pair[1] = other[1]
        else:
            pair[1] = Spelled(rng.choice(SPELLED))
    elif how < 4:
        at[rng.randrange(len(at))] = Spelled(rng.choice(SPELLED))
    else:
        i = rng.randrange(len(at))
        if type(at[i]) is int:
            at[i] += rng.choice([-4, -1, 1, 2, 4, 8, 1000])
        else:
            edit_list(rng, at)


def json_text(rng: Dice, text: str, times: int = 1) -> bytes:
    """The JSON of text, changed in a place or two; seldom in none."""
    if rng.random() > 0.03:
        value = parse(text)
        for _ in range(rng.choice([1, 1, 2]) * times):
            edit_value(rng, value)
        text = write(value)
    if rng.random() < 0.1:
        at = rng.choice([0, len(text), rng.randrange(len(text) + 1)])
        text = text[:at] + rng.choice(SPACES) + text[at:]
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.03:
        data = rng.choice(
            [b"\xef\xbb\xbf" + data, data.decode("utf-8", "replace").encode("utf-16"), data + b"\0", data + b"}"]
        )
    return edit_bytes(rng, data) if rng.random() < 0.1 else data


# Values of YAML that its versions, or their readers, read in several ways.
SCALARS = [
    "yes", "no", "on", "off", "y", "n", "Y", "True", "TRUE", "tRUE", "true", "~", "null", "Null", "NULL", "nUll", "",
    "0o2", "0o17", "017", "08", "0x1F", "0b101", "1_000", "1_000.5", "1e5", "1E5", "1.0e5", "1.0e+5", "1.e5", ".5",
    "5.", "-.5", "+1", "+1.5", "-0", "0", "00", "1:30", "12:30:45", "1:30.5", ".inf", "-.inf", "+.INF", ".Inf", "inf",
    "-inf", ".nan", ".NaN", "nan", "2001-01-01", "2001-01-01T00:00:00Z", "2001-1-1 1:1:1", "9223372036854775808",
    "18446744073709551616", "-9223372036854775809", "1e400", "1__0", "_1", "0_1", "0x_1", "1e-05", "1.0e-05", "1e-5",
    '"quoted"', "'single'", "'it''s'", '"a\\tb\\x41\\u263a\\e\\N\\_\\L\\P"', '"a\\', '"yes"', "'1'", "a b", "a: b",
    "a:b", "a #b", "a#b", "#b", "@a", "`a", "%a", "!a", "&a", "*a", "- a", "? a", ": a", "-", "?", ":",
    "|\n    block\n    more", ">\n    folded\n    more", "|-\n    x", ">+\n    x\n\n", "[1, 2]", "[1, 2,]",
    "[a b, 'c']", "{a: b}", "{a}", "{a: }", "{a: 1, a: 2}", "[a: b]", "[]", "{}", "&x 5", "!!str 5", "!!int '5'",
    "!!float 5", "!!bool 'yes'", "!!null ''", "!!binary aGk=", "!!set {a}", "!!timestamp 2001-01-01",
    "!!python/tuple [1]", "!local 5", "!!str", "!!seq [1]", "!<tag:yaml.org,2002:str> 5", "${model.d_model}", "${.a}",
    "${..model[d_model]}", "a ${b.c} d ${e}", "${oc.env:X,a b}", "${oc.env:X, 'a b'}",
    "${path.choose:${oc.env:S,no}/a,/b}/${c}", "${a:}", "${a:b:c}", "${ a }", "${a b}", "${a.}", "${a:[1]}",
    "${a:{b:1}}", "${a-b}", "${a-b:c}", "${1}", "${a:,}", "${a", "${${a}}", "${a.${b}}", "${}", "${:}", "${a:b}}",
    "${a:'b}", "${é}", "${a:é}", "${a:b!}", "\\${x}", "\\\\${x}", "${oc.env:HOME}", "${", "$x", "???", "'???'",
    "\u00e9", "\u2028", "a\u2028b", "a\u0085b", "\u00a0a", "a\tb", "\ta", "multi\n    line", "'multi\n    line'",
    '"multi\n\n    line"', "=", "<<", "'<<'", "|", ">", '"', "'", "[", "{", "]", "}", ",", "a,b", "[a,b", "0.1.2",
    "1.", "1e", "e5", "-1_0", "0o8", "0X1F", "0O7", "1.5E3", "+.5e+3", "1_0e2", "685_230.15", "190:20:30",
    "-190:20:30.15", "~a", "nullx", "a%", "<<: *x", "\u00ff", "\U0001f600",
]  # fmt: skip
LINES = [
    "<<: *x", "<<: {d_model: 3}", "1: x", "true: x", "null: x", "~: x", "1.5: x", "? n_layers\n  : 7",
    '"n_layers": 7', "'n_layers': 7", "n_layers : 7", "n_layers:\t7", "n_layers: 7 # c", "# c", "\t", "", "---",
    "...", "n_layers: 7", "[a]: b", "{a: b}: c", "? [a, b]\n  : c", "yes: 1", "- a", "a", "!!str n_layers: 7",
    "&k n_layers: 7", "*k : 7", "a: &y {b: 1}", "c: *y", "c: *nothing", "a: {<<: *y, b: 2}", "2001-01-01: x",
    "n_layers:7", "? a", ": b", "a: b: c", "a: [\n  1]", "a: [\n1]",
]  # fmt: skip


def yaml_text(rng: Dice, text: str) -> bytes:
    """A config.yaml with other values, lines, ends of lines or documents."""
    lines = text.split("\n")
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(lines))
        line = lines[at]
        key, colon, value = line.partition(": ")
        how = rng.randrange(12)
        if how < 6 and colon:
            value = rng.choice(SCALARS)
            lines[at] = key + ": " + (value + rng.choice(["", "", " # c", " ", "\t"]) if "\n" not in value else value)
        elif how == 6:
            indent = line[: len(line) - len(line.lstrip())]
            lines.insert(at + rng.randrange(2), indent + rng.choice(LINES))
        elif how == 7:
            edit_list(rng, lines)
        elif how == 8 and colon:
            lines[at] = key + ": &x " + value
            lines.insert(at + 1, rng.choice(["  zebra: *x", "zebra: *x", "  n_kv_heads: *x", "load_path: *x"]))
        elif how == 9:
            lines[at] = rng.choice([" " + line, line[1:], "\t" + line, line.replace("  ", "\t", 1)])
        elif how == 10:
            lines[rng.choice([0, at])] = rng.choice(
                [
                    "%YAML 1.1\n---",
                    "%YAML 1.2\n---",
                    "---",
                    "--- !!map",
                    "--- &a",
                    "%TAG ! tag:x,2000:\n---",
                    "\ufeff" + lines[0],
                ]
            )
        else:
            lines[at] = line + rng.choice([" x", ":", " :", " |", "\r", "\u0085", "\u2028", "\0", " \\"])
    data = rng.choice(["\n"] * 8 + ["\r\n", "\r"]).join(lines).encode("utf-8", "surrogatepass")
    return edit_bytes(rng, data) if rng.random() < 0.08 else data
