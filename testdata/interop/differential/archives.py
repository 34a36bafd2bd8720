"""torch's zip archives around a pickle, with everything in them that may vary."""

import struct
import zlib
from dataclasses import dataclass, field

from opcodes import edit_pickle
from pickles import Writer
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
    entries: list[Entry],
    comment: bytes = b"",
    before: bytes = b"",
    between: bytes = b"",
    shift: int = 0,
    large: bool = False,
) -> bytes:
    """The bytes of an archive."""
    out, directory = bytearray(before), b""
    for entry in entries:
        out += entry.gap
        at = len(out)
        stored = zlib.compress(entry.data, 9)[2:-4] if entry.method == 8 else entry.data
        common, name = header(entry, entry.local, stored)
        padding = b""
        if not entry.extra:
            room = -(at + 30 + len(name) + 4) % 64
            padding = b"FB" + struct.pack("<H", room) + b"Z" * room
        extra = entry.extra or padding
        out += b"PK\3\4" + common + struct.pack("<H", len(extra)) + name + extra + stored
        if entry.flags & 8:
            out += b"PK\7\x08" + struct.pack("<III", zlib.crc32(entry.data), len(stored), len(entry.data))
        common, name = header(entry, entry.central, stored)
        place = entry.central.get("offset", at)
        extra = entry.central.get("extra", b"")
        directory += b"PK\1\2" + struct.pack("<H", 20) + common
        directory += (
            struct.pack("<HHHHII", len(extra), 0, entry.central.get("disk", 0), 0, 0, place % 2**32) + name + extra
        )
    out += between
    start, n = len(out) + shift, len(entries)
    out += directory + zip64(n, len(directory), start) if large else directory
    out += b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, n, n, len(directory), start % 2**32, len(comment)) + comment
    return bytes(out)


def zip64(n: int, size: int, start: int) -> bytes:
    """The larger end record, as torch always writes it."""
    return (
        b"PK\6\6"
        + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, n, n, size, start)
        + b"PK\6\7"
        + struct.pack("<IQI", 0, start + size, 1)
    )


def beyond(rng: Dice, entry: Entry, at: int) -> dict:
    """A central header whose sizes or offset are in a zip64 field, the right ones or others."""
    size = len(entry.data)
    fields = {"size": size, "packed": size, "offset": at}
    there = rng.choice([("size",), ("packed",), ("offset",), ("size", "packed"), ("size", "packed", "offset")])
    numbers = [often(rng, fields[name], [0, size, at, 2**63, 2**32], 0.8) for name in there]
    data = struct.pack(f"<{len(numbers)}Q", *numbers)[: often(rng, None, [4, 8, 16])]
    extra = b"\1\0" + struct.pack("<H", often(rng, len(data), [0, 8, 16, 24, 28])) + data
    full = often(rng, there, [(), ("size",), ("offset",)], 0.8)
    return {name: 2**32 - 1 for name in full} | {"extra": extra + often(rng, b"", [b"FB\0\0", extra])}


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
        i = rng.randrange(15)
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
        elif i == 14:
            e.central |= (
                beyond(rng, e, rng.choice([0, 64, 128])) if rng.random() < 0.8 else {"disk": rng.choice([1, 0xFFFF])}
            )
        elif i == 12:
            options["comment"] = rng.choice([b"x", b"PK\5\6" + bytes(18), bytes(100)])
        else:
            options |= rng.choice(
                [
                    {"before": b"x"},
                    {"before": bytes(64)},
                    {"between": bytes(8)},
                    {"shift": rng.choice([-1, 1, 46])},
                    {"large": True},
                ]
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
