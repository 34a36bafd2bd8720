"""Makes testdata/checkpoints/safetensors with the released trainer's own code, from the unsharded checkpoint beside it:

    $(sh testdata/interop/env.sh) testdata/make_safetensors.py

It holds the same tensors in model.safetensors and optim.safetensors, as scripts/unshard.py --safe-tensors writes them
and as older checkpoints were published. optim-ids.safetensors is optim.safetensors as DistributedDataParallel names
parameters: by numbers.
"""

import shutil
from pathlib import Path

import torch
from olmo.safetensors_util import state_dict_to_safetensors_file

CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"


def main() -> None:
    source = CHECKPOINTS / "unsharded" / "step3-unsharded"
    target = CHECKPOINTS / "safetensors" / "step3-unsharded"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("config.yaml", "train.pt"):
        shutil.copyfile(source / name, target / name)
    model = torch.load(source / "model.pt", weights_only=False)
    optim = torch.load(source / "optim.pt", weights_only=False)
    state_dict_to_safetensors_file(dict(model), target / "model.safetensors")
    state_dict_to_safetensors_file(optim, target / "optim.safetensors")
    numbers = {name: number for number, name in enumerate(n for g in optim["param_groups"] for n in g["params"])}
    groups = [dict(g, params=[numbers[n] for n in g["params"]]) for g in optim["param_groups"]]
    by_number = {"state": {numbers[n]: s for n, s in optim["state"].items()}, "param_groups": groups}
    state_dict_to_safetensors_file(by_number, target / "optim-ids.safetensors")


if __name__ == "__main__":
    main()
