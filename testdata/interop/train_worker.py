"""The printed training command, on the CPU: what the trainer's scripts/train.py does, which the wheel leaves out.

    python -m torch.distributed.run --nproc_per_node=2 train_worker.py OUT-unsharded/config.yaml --data.paths=[...] ...

The config is used unchanged, except for what a machine without a GPU cannot do: on_cpu lists all of that.
"""

import json
import os
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import olmo.checkpoint
import torch
import torch.distributed as dist
from olmo.config import TrainConfig
from olmo.data import build_train_dataloader
from olmo.eval import build_evaluators
from olmo.model import OLMo
from olmo.optim import build_optimizer, build_scheduler
from olmo.torch_util import barrier, get_global_rank, get_world_size, seed_all
from olmo.train import Trainer
from olmo.util import clean_opt, prepare_cli_environment
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP


def on_cpu(config: TrainConfig) -> None:
    """The whole of what differs from a run on GPUs."""
    config.model.init_device = "cpu"  # the script itself does so where there is no GPU
    config.data.pin_memory = False
    torch.cuda.get_rng_state = lambda: torch.zeros(0, dtype=torch.uint8)  # Trainer saves it unasked
    for name in ("FullStateDictConfig", "FullOptimStateDictConfig"):
        setattr(olmo.checkpoint, name, without_offload(getattr(olmo.checkpoint, name)))


def without_offload(config_class):
    """To offload a CPU tensor to the CPU copies nothing, and FSDP then frees it: saving would end in SIGSEGV."""
    return lambda **options: config_class(**{**options, "offload_to_cpu": False})


def wrap(config: TrainConfig, model: OLMo) -> FSDP:
    """FSDP with the config's own sharding strategy, precision and wrapping."""
    return FSDP(
        model,
        sharding_strategy=config.fsdp.sharding_strategy,
        mixed_precision=config.fsdp_precision,
        auto_wrap_policy=model.get_fsdp_wrap_policy(config.fsdp.wrapping_strategy),
        use_orig_params=config.fsdp.use_orig_params,
        limit_all_gathers=True,
        device_id=torch.device("cpu"),
        param_init_fn=None,
    )


def make_trainer(config: TrainConfig) -> Trainer:
    """A Trainer with a freshly initialised model, not yet restored."""
    config.model.precision = config.precision
    config.device_train_batch_size = config.global_train_batch_size // get_world_size()
    config.device_train_grad_accum = config.device_train_batch_size // config.device_train_microbatch_size
    seed_all(config.seed)
    loader = build_train_dataloader(config)
    model = OLMo(config.model)
    model.set_activation_checkpointing(config.activation_checkpointing)
    wrapped = wrap(config, model)
    return Trainer(
        cfg=config,
        epoch=config.epoch,
        model=model,
        dist_model=wrapped,
        optim=build_optimizer(config, wrapped),
        scheduler=build_scheduler(config),
        train_loader=loader,
        device=torch.device("cpu"),
        evaluators=build_evaluators(config, torch.device("cpu")),
    )


def watch_losses(trainer: Trainer) -> list:
    """The loss of every step, as it comes."""
    losses, step = [], trainer.train_step

    def train_step(batch, reduce_global_loss=True):
        metrics = step(batch, reduce_global_loss)
        losses.append(metrics["train/CrossEntropyLoss"])
        return metrics

    trainer.train_step = train_step
    return losses


def main() -> None:
    warnings.simplefilter("ignore")
    dist.init_process_group("gloo")
    prepare_cli_environment()
    config = TrainConfig.load(sys.argv[1], [clean_opt(option) for option in sys.argv[2:]])
    on_cpu(config)
    barrier()
    with make_trainer(config) as trainer:
        trainer.restore_checkpoint(
            config.load_path,
            load_optimizer_state=not config.reset_optimizer_state,
            load_trainer_state=not config.reset_trainer_state,
        )
        losses = watch_losses(trainer)
        trainer.fit()
        if get_global_rank() == 0:
            report = {"losses": losses, "step": trainer.global_step, "tokens": trainer.global_train_tokens_seen}
            Path(config.save_folder, "report.json").write_text(json.dumps(report))
    barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    random.seed(0)
    np.random.seed(0)
    main()
