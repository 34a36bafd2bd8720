"""torch's files around a pickle: the zip archive, with everything in it that may vary, and the older format."""

import pickle
import re
import struct
import zlib
from dataclasses import dataclass, field

from opcodes import edit_pickle
from pickles import STORAGES, Writer
from values import Dice, edit_bytes, edit_list, often


@dataclass
class Entry:
    """One entry. local and central are what is written otherwise in one of its two headers."""

    name: bytes
    data: bytes
    method: int = 0
    flags: int = 0
    extra: bytes = b""
    gap: bytes = b""
    crc: int | None = None
    local: dict = field(default_factory=dict)
    central: dict = field(default_factory=dict)


def header(entry: Entry, other: dict, stored: bytes) -> tuple[bytes, bytes]:
    """What both headers have in common, and the name."""
    crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
    facts = (
        dict(flags=entry.flags, method=entry.method, crc=crc, packed=len(stored), size=len(entry.data), name=entry.name)
        | other
    )
    return struct.pack(
        "<HHHHHIIIH",
        20,
        facts["flags"],
        facts["method"],
        0,
        33,
        facts["crc"],
        facts["packed"] % 2**32,
        facts["size"] % 2**32,
        len(facts["name"]),
    ), facts["name"]


def archive(
    entries: list[Entry], comment: bytes = b"", before: bytes = b"", between: bytes = b"", shift: int = 0
) -> bytes:
    """The bytes of an archive."""
    out, directory = bytearray(before), b""
    for entry in entries:
        out += entry.gap
        at = len(out)
        stored = zlib.compress(entry.data, 9)[2:-4] if entry.method == 8 else entry.data
        common, name = header(entry, entry.local, stored)
        padding = b""
        if not entry.extra and rng_free(entry):
            room = -(at + 30 + len(name) + 4) % 64
            padding = b"FB" + struct.pack("<H", room) + b"Z" * room
        extra = entry.extra or padding
        out += b"PK\3\4" + common + struct.pack("<H", len(extra)) + name + extra + stored
        if entry.flags & 8:
            out += b"PK\7\x08" + struct.pack("<III", zlib.crc32(entry.data), len(stored), len(entry.data))
        common, name = header(entry, entry.central, stored)
        place = entry.central.get("offset", at)
        directory += (
            b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHHII", 0, 0, 0, 0, 0, place % 2**32) + name
        )
    out += between
    start, n = len(out) + shift, len(entries)
    out += (
        directory
        + b"PK\5\6"
        + struct.pack("<HHHHIIH", 0, 0, n, n, len(directory), start % 2**32, len(comment))
        + comment
    )
    return bytes(out)


def rng_free(entry: Entry) -> bool:
    """Whether the entry is aligned, as torch aligns all of them."""
    return "unaligned" not in entry.local


def records(rng: Dice, data: bytes, storages: dict[str, int]) -> list[Entry]:
    """The entries that torch writes, and now and then others."""
    top = often(rng, b"archive", [b"a", b"model", b"A.b"], 0.8)
    entries = [Entry(top + b"/data.pkl", data)]
    if rng.random() < 0.8:
        entries.append(Entry(top + b"/byteorder", often(rng, b"little", [b"big", b"Little", b"little\n", b""], 0.97)))
    for key, size in storages.items():
        size = often(rng, size, [size + 1, size + 4, max(size - 1, 0), 0], 0.95)
        entries.append(Entry(top + b"/data/" + key.encode(), bytes(rng.randrange(256) for _ in range(size))))
    entries.append(Entry(top + b"/version", often(rng, b"3\n", [b"2\n", b"4\n", b"11\n", b"3", b"x", b""], 0.96)))
    for name, content in [
        (b"/.format_version", b"1"),
        (b"/.storage_alignment", b"64"),
        (b"/.data/serialization_id", b"0" * 40),
    ]:
        if rng.random() < 0.5:
            entries.append(Entry(top + name, often(rng, content, [b"", b"0", b"1", b"4096", b"x"], 0.95)))
    return entries


EXTRA = [b"FB\0\0", b"\1\0\x10\0" + b"\1" * 16, b"UT\5\0\3\0\0\0\0", b"x", b"up\6\0\1\0\0\0\0x"]


def edit_archive(rng: Dice, entries: list[Entry]) -> dict:
    """Changes entries, and returns what of the archive is otherwise."""
    options = {}
    for _ in range(rng.choice([1, 1, 2])):
        e = rng.choice(entries)
        i = rng.randrange(14)
        top, _, rest = e.name.partition(b"/")
        if i == 0:
            edit_list(rng, entries)
        elif i == 1:
            e.name = rng.choice(
                [
                    e.name.upper(),
                    e.name.lower(),
                    rest,
                    b"b/" + rest,
                    e.name + b"/",
                    b"./" + e.name,
                    e.name.replace(b"/", b"\\"),
                    top + b"//" + rest,
                ]
            )
        elif i == 2:
            twin = Entry(
                rng.choice([e.name, e.name.upper(), e.name.swapcase(), top + b"/" + rest.title(), b"b/" + rest]),
                bytes(reversed(e.data)) or b"x",
            )
            entries.insert(rng.choice([0, len(entries)]), twin)
        elif i == 3:
            entries.insert(
                rng.randrange(len(entries) + 1),
                Entry(top + b"/" + rng.choice([b"x", b"data/99", b".data/x", b"constants.pkl", b"code/x.py"]), b"x"),
            )
        elif i == 4:
            e.data = edit_bytes(rng, e.data, rng.choice([1, 2]))
        elif i == 5:
            e.method = rng.choice([8, 8, 12, 99])
        elif i == 6:
            e.flags = rng.choice([1, 8, 8, 0x800, 0x40, 0xFFFF])
        elif i == 7:
            e.crc = rng.choice([0, 1])
        elif i == 8:
            e.extra = rng.choice(EXTRA)
        elif i == 9:
            e.gap = bytes(rng.choice([1, 30, 64]))
        elif i in (10, 11):
            side = rng.choice([e.local, e.central])
            what = rng.choice(["flags", "method", "crc", "packed", "size", "name", "offset"])
            other = rng.choice(entries)
            side[what] = {
                "flags": rng.choice([0, 1, 8]),
                "method": rng.choice([0, 8]),
                "name": rng.choice([other.name, e.name.upper(), e.name + b"x"]),
                "packed": len(e.data) + rng.choice([-1, 1, 8]),
                "size": len(e.data) + rng.choice([-1, 1, 8]),
                "crc": 0,
                "offset": rng.choice([0, 64, 2**32 - 1]),
            }[what]
        elif i == 12:
            options["comment"] = rng.choice([b"x", b"PK\5\6" + bytes(18), bytes(100)])
        else:
            options |= rng.choice(
                [{"before": b"x"}, {"before": bytes(64)}, {"between": bytes(8)}, {"shift": rng.choice([-1, 1, 46])}]
            )
    return options


def zip_file(rng: Dice, one: bool = False) -> bytes:
    """A file that torch.save might have written, changed in one place or several; seldom in none."""
    writer = Writer(rng)
    data = writer.pickle(one)
    where = rng.random()
    if where < 0.4:
        data = edit_pickle(rng, data)
    entries = records(rng, data, writer.storages)
    options = edit_archive(rng, entries) if 0.35 < where < 0.8 and entries else {}
    file = archive(entries, **options)
    return edit_bytes(rng, file, 2) if where > 0.95 else file


MAGIC = 0x1950A86A20F9469CFC6C
FACTS = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def legacy_file(rng: Dice) -> bytes:
    """The same in the format before zip."""
    writer = Writer(rng, legacy=True)
    data = writer.pickle()
    if rng.random() < 0.4:
        data = edit_pickle(rng, data)
    facts = often(rng, FACTS, [FACTS | {"little_endian": False}, {}, FACTS | {"little_endian": 1}, []], 0.97)
    keys = list(writer.storages)
    if rng.random() < 0.05 * rng.wildness:
        edit_list(rng, keys)
    protocol = often(rng, 2, [1, 3, 4], 0.97)
    heads = [MAGIC, often(rng, 1001, [1000, 1001.0, True], 0.98), facts]
    pickles = [pickle.dumps(value, protocol) for value in heads] + [data, pickle.dumps(keys, protocol)]
    if rng.random() < 0.1 * rng.wildness:
        i = rng.choice([1, 2, 4])
        pickles[i] = edit_pickle(rng, pickles[i])
    out = b"".join(pickles)
    sizes = element_sizes(data)
    for key in writer.storages:
        size, element = writer.storages[key], sizes.get(key, 4)
        numel = often(rng, size // element, [0, 1, size], 0.97)
        out += struct.pack("<q", numel) + bytes(rng.randrange(256) for _ in range(size))
    out += often(rng, b"", [b"x", bytes(8), bytes(100)], 0.97)
    return edit_bytes(rng, out, 2) if rng.random() < 0.1 * rng.wildness else out


def element_sizes(data: bytes) -> dict[str, int]:
    """The size of an element of each storage: that of the class named before its key."""
    found = {}
    for name, key in re.findall(rb"ctorch(?:\.storage)?\n(\w+Storage)\nX....([0-9]+)X", data, re.DOTALL):
        found.setdefault(key.decode(), STORAGES.get(name.decode(), 4))
    return found
