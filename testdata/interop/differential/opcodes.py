"""Pickles changed by opcodes: deleted, moved, doubled, exchanged, and with other arguments."""

import pickletools
import struct

from pickles import integer, named, text
from values import INTEGERS, NAMES, Dice, edit_bytes, edit_list

GLOBALS = [
    "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3",
    "torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state",
    "torch._tensor _rebuild_from_type_v2", "torch.tensor _rebuild_from_type_v2", "torch Size", "torch Tensor",
    "torch.nn.parameter Parameter", "collections OrderedDict", "collections Counter", "torch FloatStorage",
    "torch.storage UntypedStorage", "torch LongStorage", "torch float32", "torch bfloat16",
    "torch._utils _rebuild_meta_tensor_no_storage", "torch._utils _rebuild_sparse_tensor", "torch device",
    "__builtin__ set", "builtins dict", "torch.nn Parameter",
]  # fmt: skip
OPCODES = [
    b"b", b"N", b"\x88", b"\x89", b")", b"}", b"]", b"0", b"2", b"K\x00", b"K\x01", b"(", b"t", b"R", b"Q", b"s",
    b"u", b"a", b"e", b"q\x00", b"h\x00", b"\x85", b"\x86", b"\x87", b"\x94", b"\x8a\x00", b"\x81", b"\x8f", b"d",
    b"l", b"1", b"U\x01w", b"X\x01\x00\x00\x00w",
]  # fmt: skip


def edit_pickle(rng: Dice, data: bytes) -> bytes:
    """Changes opcodes, or what follows one."""
    try:
        starts = [at for _, _, at in pickletools.genops(data)]
    except Exception:
        return edit_bytes(rng, data)
    pieces = [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)])]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(pieces))
        how = rng.randrange(8)
        if how < 3:
            edit_list(rng, pieces)
        elif how == 3:
            pieces[at] = rng.choice(OPCODES)
        elif how == 4:
            pieces.insert(at, rng.choice(OPCODES))
        else:
            pieces[at] = edit_opcode(rng, pieces[at])
        if not pieces:
            break
    return b"".join(pieces)


def edit_opcode(rng: Dice, piece: bytes) -> bytes:
    """Another argument of the same opcode, where it has one."""
    code = piece[:1]
    if code in b"KMJ\x8a":
        return integer(rng.choice(INTEGERS))
    if code == b"X":
        return text(
            rng.choice(
                [*NAMES, "storage", "cpu", "0", "1", "data", "\ud800", piece[5:].decode("utf-8", "replace").upper()]
            )
        )
    if code == b"c":
        return named(rng.choice(GLOBALS))
    if code in b"qh":
        return rng.choice([b"q", b"h"]) + bytes([rng.randrange(6)])
    if code in b"rj":
        return code + struct.pack("<I", rng.randrange(6))
    return edit_bytes(rng, piece)
