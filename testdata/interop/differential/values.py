"""Random values that files may hold, and small tools of the mutations."""

from random import Random

NAMES = [
    "w", "b", "model.norm.weight", "transformer.wte.weight", "W", "data", "", "\u00e9", "a b", "x" * 40,
]  # fmt: skip
INTEGERS = [
    0, 1, 2, 3, 4, 6, 7, 8, 16, 63, 64, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, -1, -2,
]  # fmt: skip


class Dice(Random):
    """Random choices, of which some cases make many that are unusual, and most make few."""

    def __init__(self, seed: str):
        super().__init__(seed)
        self.wildness = self.choice([0, 0.1, 0.2, 0.5, 1])


def often(rng: Dice, usual, others, share: float = 0.9):
    """Usually the usual, else one of the others."""
    return rng.choice(others) if rng.random() < (1 - share) * rng.wildness else usual


def edit_list(rng: Random, items: list) -> None:
    """Deletes, doubles, moves or swaps one of the items."""
    if not items:
        return
    i, j = rng.randrange(len(items)), rng.randrange(len(items))
    how = rng.randrange(5)
    if how == 0:
        del items[i]
    elif how == 1:
        items.insert(j, items[i])
    elif how == 2:
        items[i], items[j] = items[j], items[i]
    elif how == 3 and i + 1 < len(items):
        items[i], items[i + 1] = items[i + 1], items[i]
    else:
        items[i] = items[j]


def edit_bytes(rng: Random, data: bytes, times: int = 1) -> bytes:
    """Turns bits, and cuts, inserts or doubles a few bytes."""
    out = bytearray(data)
    for _ in range(times):
        if not out:
            break
        at = rng.randrange(len(out))
        how = rng.randrange(6)
        if how < 3:
            out[at] ^= 1 << rng.randrange(8)
        elif how == 3:
            out[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        elif how == 4:
            del out[at : at + rng.choice([1, 1, 2, 4, 8])]
        else:
            out[at:at] = out[at : at + rng.choice([1, 2, 4, 8])]
    return bytes(out)
