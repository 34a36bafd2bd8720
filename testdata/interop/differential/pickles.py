"""Pickles of state dicts: written by hand with everything that may vary, and mutated by opcodes."""

import struct

from values import INTEGERS, NAMES, Dice, edit_list, often

STORAGES = {
    "FloatStorage": 4, "BFloat16Storage": 2, "HalfStorage": 2, "DoubleStorage": 8, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "ComplexFloatStorage": 8,
    "UntypedStorage": 1,
}  # fmt: skip
DTYPES = [
    "float32", "bfloat16", "float16", "uint16", "float8_e4m3fn", "int64", "complex64", "bits8",
]  # fmt: skip


def text(s: str) -> bytes:
    data = s.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def integer(n: int) -> bytes:
    if 0 <= n < 256:
        return b"K" + bytes([n])
    if 0 <= n < 65536:
        return b"M" + struct.pack("<H", n)
    if -(2**31) <= n < 2**31:
        return b"J" + struct.pack("<i", n)
    data = n.to_bytes((n.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def named(name: str) -> bytes:
    module, _, attribute = name.partition(" ")
    return f"c{module}\n{attribute}\n".encode()


def tuple_of(*parts: bytes) -> bytes:
    short = {0: b")", 1: b"\x85", 2: b"\x86", 3: b"\x87"}
    return b"".join(parts) + short[len(parts)] if len(parts) in short else b"(" + b"".join(parts) + b"t"


def integers(values) -> bytes:
    return tuple_of(*map(integer, values))


def dict_of(*pairs: tuple[bytes, bytes]) -> bytes:
    return b"}(" + b"".join(k + v for k, v in pairs) + b"u" if pairs else b"}"


ORDERED = named("collections OrderedDict") + b")R"


class Writer:
    """Writes one random state dict. storages says how many bytes each key needs, views which it has (older format)."""

    def __init__(self, rng: Dice, legacy: bool = False):
        self.rng, self.legacy, self.storages = rng, legacy, {}

    def storage(self, kind: str, numel: int, key: str) -> bytes:
        rng = self.rng
        kind = often(rng, kind, list(STORAGES), 0.97)
        self.storages[key] = max(self.storages.get(key, 0), min(numel, 4096) * STORAGES[kind])
        parts = [
            text(often(rng, "storage", ["module", "Storage"], 0.99)),
            named(("torch.storage " if kind == "UntypedStorage" else "torch ") + kind),
            often(rng, text(key), [integer(0), b"N"], 0.995),
            text(often(rng, "cpu", ["cuda:0", "meta", "", "cpu:0", "mps"], 0.97)),
            integer(often(rng, numel, INTEGERS, 0.97)),
        ]
        if self.legacy:
            first = rng.randrange(numel) if numel and rng.random() < 0.2 else 0
            view = tuple_of(
                text(rng.choice([key, "v", "0", "1"])), integer(first), integer(often(rng, numel - first, INTEGERS))
            )
            parts.append(often(rng, b"N", [view, view, b")", b"K\x00"], 0.8))
        if rng.random() < 0.01:
            edit_list(rng, parts)
        return tuple_of(*parts) + b"Q"

    def arguments(self) -> tuple[list[bytes], str]:
        """The arguments of _rebuild_tensor_v2, one by one."""
        rng = self.rng
        shape = rng.choice([[], [2], [3, 2], [2, 3], [1], [0], [2, 0], [1, 2, 2]])
        stride, numel = [], 1
        for n in reversed(shape):
            stride.insert(0, numel)
            numel *= max(n, 1)
        if rng.random() < 0.3 * rng.wildness:
            stride = stride[::-1] if rng.random() < 0.5 else [rng.choice([0, 1, 2, 3, -1, *stride]) for _ in shape]
        offset = often(rng, 0, [1, 2, 3, 2**40, -1], 0.85)
        numel = often(rng, numel, [numel + 1, numel + 2, numel - 1, 0, 6], 0.7)
        if rng.random() < 0.02 * rng.wildness:
            shape = [rng.choice(INTEGERS) for _ in range(rng.choice([1, 2, 65]))]
        kind = often(rng, rng.choice(["FloatStorage", "BFloat16Storage", "LongStorage"]), list(STORAGES), 0.3)
        key = often(rng, str(len(self.storages)), ["0", "1"], 0.85)
        wrap = often(
            rng,
            lambda x: x,
            [lambda x: named("torch Size") + tuple_of(x) + b"R", lambda x: b"](" + x.strip(b"(t\x85\x86\x87)") + b"e"],
            0.95,
        )
        grad = often(rng, b"\x89", [b"\x88", b"N", b"K\x00", b"K\x01", b")"], 0.9)
        return [
            self.storage(kind, max(numel, 0), key),
            integer(offset),
            wrap(integers(shape)),
            integers(stride),
            grad,
            often(rng, ORDERED, [b"N", b"}", dict_of((text("a"), b"N"))], 0.95),
        ], kind

    def state(self) -> bytes:
        """What an attribute of a tensor may be."""
        rng = self.rng
        name = rng.choice(["data", "grad", "requires_grad", "a", "_backward_hooks", "__class__", "shape", "_x"])
        value = rng.choice([self.plain(), b"\x88", b"N", text("x"), b"}"])
        states = [
            b"N",
            b"}",
            b"\x89",
            dict_of((text(name), value)),
            tuple_of(dict_of((text(name), value)), b"}"),
            tuple_of(b"N", dict_of((text(name), value))),
            ORDERED,
            tuple_of(*self.arguments()[0][:4]),
            tuple_of(),
            b"]",
        ]
        return rng.choice(states)

    def plain(self) -> bytes:
        arguments, kind = self.arguments()
        if kind == "UntypedStorage":
            arguments[6:] = [named("torch " + self.rng.choice(DTYPES))]
            return named("torch._utils _rebuild_tensor_v3") + tuple_of(*arguments) + b"R"
        return named("torch._utils _rebuild_tensor_v2") + tuple_of(*arguments) + b"R"

    def tensor(self, depth: int = 0) -> bytes:
        rng = self.rng
        how = often(rng, 15, list(range(7)), 0.2) if depth < 3 else 15
        if how == 0:
            return (
                named("torch._utils _rebuild_parameter")
                + tuple_of(self.tensor(depth + 1), rng.choice([b"\x88", b"\x89", b"N"]), ORDERED)
                + b"R"
            )
        if how == 1:
            parts = [self.tensor(depth + 1), rng.choice([b"\x88", b"\x89"]), ORDERED, self.state()]
            return named("torch._utils _rebuild_parameter_with_state") + tuple_of(*parts) + b"R"
        if how == 2:
            kind = rng.choice(["torch Tensor", "torch.nn.parameter Parameter"])
            arguments = self.arguments()[0]
            parts = [named("torch._utils _rebuild_tensor_v2"), named(kind), tuple_of(*arguments), self.state()]
            return named("torch._tensor _rebuild_from_type_v2") + tuple_of(*parts) + b"R"
        if how == 3:
            return self.plain() + self.state() + b"b"
        if how == 4:
            metadata = dict_of((text(rng.choice(["conj", "neg", "x"])), rng.choice([b"\x88", b"\x89", b"N", b"K\x01"])))
            return (
                named("torch._utils _rebuild_tensor_v2")
                + tuple_of(*self.arguments()[0], often(rng, metadata, [b"N", b"}"], 0.7))
                + b"R"
            )
        if how == 5:
            return named("torch._utils _rebuild_tensor") + tuple_of(*self.arguments()[0][:4]) + b"R"
        if how == 6:
            return rng.choice([b"N", b"K\x01", text("x"), b"}", b"]", ORDERED])
        return self.plain()

    def pickle(self, one: bool = False) -> bytes:
        """The pickle of a dict of tensors, or of one tensor."""
        rng = self.rng
        if one:
            return b"\x80\x02" + self.plain() + b"."
        pairs = [(text(often(rng, f"w{i}", NAMES)), self.tensor()) for i in range(rng.randrange(1, 5))]
        top = often(rng, b"}", [ORDERED, ORDERED, named("collections Counter") + b")R"], 0.6)
        if rng.random() < 0.5:
            body = top + b"(" + b"".join(k + v for k, v in pairs) + b"u"
        else:
            body = top + b"".join(k + v + b"s" for k, v in pairs)
        if top != b"}" and rng.random() < 0.5:
            version = dict_of((text("version"), b"K\x01"))
            inner = ORDERED + text("") + version + b"s"
            body += (
                often(
                    rng,
                    dict_of((text("_metadata"), inner)),
                    [b"}", b"N", inner, dict_of((text("x"), self.plain()))],
                    0.7,
                )
                + b"b"
            )
        return b"\x80" + bytes([often(rng, 2, [3, 4, 1, 0, 6], 0.95)]) + body + b"."
