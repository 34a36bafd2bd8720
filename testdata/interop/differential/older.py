"""torch's format from before its zip archives."""

import pickle
import re
import struct

from opcodes import edit_pickle
from pickles import STORAGES, Writer
from values import Dice, edit_bytes, edit_list, often

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
