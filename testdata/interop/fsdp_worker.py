"""Restores one converted checkpoint after another into FSDP, two ranks, with the released trainer's own classes.

    python -m torch.distributed.run --nproc_per_node=2 fsdp_worker.py DATA REPORT CHECKPOINT...

Each is restored by Trainer.restore_checkpoint (FullCheckpointer, and load_trainer_state_dict on train.pt), compared
with its model.pt parameter by parameter, and trained for three steps. The report is one JSON object a checkpoint.
"""

import json
import math
import sys
import warnings
from pathlib import Path

import torch
import torch.distributed as dist
from olmo.config import TrainConfig
from olmo.torch_util import get_global_rank
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP
from train_worker import make_trainer, on_cpu, watch_losses


def restore_and_train(folder: str, data: str, scratch: str) -> dict:
    config = TrainConfig.load(
        f"{folder}/config.yaml", [f"data.paths=[{data}]", f"save_folder={scratch}", "global_train_batch_size=4"]
    )
    on_cpu(config)
    trainer = make_trainer(config)
    trainer.restore_checkpoint(config.load_path, load_optimizer_state=False, load_trainer_state=True)
    assert (trainer.global_step, trainer.epoch, trainer.checkpoints) == (0, 0, [])
    tensors = compare(trainer.dist_model, folder)
    losses = watch_losses(trainer)
    trainer.dist_model.train()
    for _, batch in zip(range(3), trainer.train_loader):
        trainer.global_step += 1
        trainer.train_step(batch)
    assert len(losses) == 3 and all(map(math.isfinite, losses)), losses
    return {"checkpoint": folder, "tensors": tensors, "losses": losses}


def compare(model: FSDP, folder: str) -> int:
    """Every full parameter, gathered from both ranks, equals what model.pt holds, in float32."""
    stored = torch.load(f"{folder}/model.pt", weights_only=True)
    stored = model._fsdp_wrapped_module._make_state_dict_compatible(stored)[0]
    with FSDP.summon_full_params(model, writeback=False):
        found = {name.replace("_fsdp_wrapped_module.", ""): p.detach().clone() for name, p in model.named_parameters()}
    assert set(found) == set(stored), set(found) ^ set(stored)
    for name, parameter in found.items():
        assert parameter.dtype == torch.float32 and torch.equal(parameter, stored[name].float()), name
    return len(found)


def main() -> None:
    warnings.simplefilter("ignore")
    data, report, *folders = sys.argv[1:]
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    lines = []
    for number, folder in enumerate(folders):
        print(f"rank {get_global_rank()}: {folder}", file=sys.stderr, flush=True)
        lines.append(restore_and_train(folder, data, f"{report}.scratch/{number}"))
    if get_global_rank() == 0:
        Path(report).write_text("".join(json.dumps(line) + "\n" for line in lines))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
