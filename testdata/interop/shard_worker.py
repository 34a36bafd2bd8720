"""Sharded checkpoints of the released trainer, and training that continues from what was made of them: two ranks.

    python -m torch.distributed.run --nproc_per_node=2 shard_worker.py save DATA FOLDER OPTIONS
    python -m torch.distributed.run --nproc_per_node=2 shard_worker.py resume DATA FOLDER CHECKPOINT...
    python -m torch.distributed.run --nproc_per_node=2 shard_worker.py load DATA FOLDER CHECKPOINT

save trains six steps and saves every layout of LAYOUTS after the third, each as FOLDER/<layout>/step3, and the trainer's
own unsharded checkpoint. It leaves in
FOLDER what each rank held then, and the losses of steps 4 to 6. resume restores one unsharded checkpoint after another,
compares what each rank holds with what it held, and trains steps 4 to 6. Reports are JSON, one object per checkpoint.
load restores one, leaves what each rank holds then, and trains three steps in float32.
"""

import json
import os
import sys
import warnings
from pathlib import Path

import olmo_core.distributed.checkpoint
import torch
import torch.distributed as dist
from olmo.config import CheckpointType, TrainConfig
from olmo.torch_util import barrier, get_global_rank
from train_worker import make_trainer, on_cpu, watch_losses

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from make_checkpoints import MODEL, allow_local  # noqa: E402

# What the released trainer can save with this torch: local only once its private field is found again.
LAYOUTS = ("torch_legacy", "torch_new", "local", "olmo_core")
STEPS = 3


def allow_olmo_core() -> None:
    """The released trainer makes folders for an older OLMo-core, and today's refuses to save where some are."""
    save = olmo_core.distributed.checkpoint.save_model_and_optim_state

    def save_model_and_optim_state(folder: Path, model, optim):
        barrier()
        if get_global_rank() == 0:
            for name in ("model", "optim", "train"):
                (folder / name).rmdir()
        barrier()
        save(folder, model, optim)
        (folder / "train").mkdir(exist_ok=True)
        return []

    olmo_core.distributed.checkpoint.save_model_and_optim_state = save_model_and_optim_state


def allow_own_train_state() -> None:
    """torch.load of today refuses the paths and random states in the trainer's own train.pt."""
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"


def config(data: str, folder: str, options: dict) -> TrainConfig:
    """A training config of the released trainer. options are those of RUNS in test_unshard.py."""
    return TrainConfig.new(
        run_name="tiny", model={**MODEL, "weight_tying": options.get("tied", True), **options.get("model", {})},
        data=dict(paths=[data], num_workers=0, drop_last=True),
        optimizer=dict(name=options.get("name", "adamw"), learning_rate=1e-3),
        scheduler=dict(name="cosine_with_warmup", t_warmup=2, alpha_f=0.1), max_duration=10,
        tokenizer=dict(identifier="tokenizer.json"), save_folder=folder, precision=options.get("autocast", "fp32"),
        fsdp=dict(wrapping_strategy=options.get("wrap", "by_block"),
                  sharding_strategy=options.get("strategy", "FULL_SHARD"), precision=options.get("precision", "mixed")),
        global_train_batch_size=4, device_train_microbatch_size=2, max_grad_norm=1.0,
        max_grad_norm_ratio=options.get("ratio"), save_data_indices=False, save_overwrite=True,
    )  # fmt: skip


def train(trainer, batches, steps: int) -> list:
    """Some steps as Trainer.fit makes them. Returns the learning rates."""
    rates = []
    for _, batch in zip(range(steps), batches):
        trainer.global_step += 1
        trainer.global_train_examples_seen_this_epoch += trainer.cfg.global_train_batch_size
        trainer.global_train_tokens_seen += batch["input_ids"].numel() * 2
        trainer.train_step(batch)
        rates.append(trainer.optim.param_groups[0]["lr"])
    return rates


def held(trainer) -> dict:
    """This rank's part of every parameter and of its moments."""
    parts = {}
    for group in trainer.optim.param_groups:
        for name, p in zip(group["param_names"], group["params"]):
            moments = {k: v.detach().float().flatten().clone() for k, v in trainer.optim.state[p].items()}
            parts[name] = {"parameter": p.detach().flatten().clone(), **moments}
    return parts


def counters(trainer) -> dict:
    names = ("global_step", "epoch", "global_train_examples_seen_this_epoch", "global_train_tokens_seen")
    return {name: getattr(trainer, name) for name in names}


def save(data: str, folder: str, options: dict) -> None:
    cfg = config(data, folder, options)
    on_cpu(cfg)
    allow_local()
    allow_olmo_core()
    trainer = make_trainer(cfg)
    trainer.epoch = 0
    trainer.dist_model.train()
    losses, batches = watch_losses(trainer), iter(trainer.train_loader)
    train(trainer, batches, STEPS)
    torch.save(held(trainer), f"{folder}/held{get_global_rank()}.pt")
    for layout in LAYOUTS:
        cfg.sharded_checkpointer, cfg.save_folder = layout, f"{folder}/{layout}"
        trainer.save_checkpoint(CheckpointType.sharded)
    copy = torch.Tensor.cpu  # FSDP gathers into one buffer and counts on .cpu() to copy out of it
    torch.Tensor.cpu = lambda self, *args, **kwargs: self.clone()
    cfg.save_folder = f"{folder}/own"
    trainer.save_checkpoint(CheckpointType.unsharded)
    torch.Tensor.cpu = copy
    report = {"counters": counters(trainer)}
    report["rates"] = train(trainer, batches, 3)
    if get_global_rank() == 0:
        Path(folder, "report.json").write_text(json.dumps({**report, "losses": losses[STEPS:]}))


def resume(data: str, folder: str, checkpoint: str) -> dict:
    allow_own_train_state()
    cfg = TrainConfig.load(f"{checkpoint}/config.yaml", [f"data.paths=[{data}]", f"load_path={checkpoint}"])
    on_cpu(cfg)
    trainer = make_trainer(cfg)
    trainer.restore_checkpoint(cfg.load_path, load_optimizer_state=True, load_trainer_state=True)
    lost = compare(held(trainer), torch.load(f"{folder}/held{get_global_rank()}.pt", weights_only=False))
    report = {"checkpoint": checkpoint, "counters": counters(trainer), "lost": lost}
    losses = watch_losses(trainer)
    trainer.dist_model.train()
    train(trainer, trainer.train_loader, 3)
    return {**report, "losses": losses}


def load(data: str, folder: str, checkpoint: str) -> dict:
    cfg = TrainConfig.load(f"{checkpoint}/config.yaml", [f"data.paths=[{data}]", f"save_folder={folder}/on", "precision=fp32"])
    on_cpu(cfg)
    trainer = make_trainer(cfg)
    trainer.restore_checkpoint(
        cfg.load_path, load_optimizer_state=not cfg.reset_optimizer_state, load_trainer_state=not cfg.reset_trainer_state
    )
    torch.save(held(trainer), f"{folder}/loaded{get_global_rank()}.pt")
    groups = [{k: v for k, v in g.items() if k != "params"} for g in trainer.optim.param_groups]
    report = {"counters": counters(trainer), "groups": groups}
    losses = watch_losses(trainer)
    trainer.dist_model.train()
    rates = train(trainer, trainer.train_loader, 3)
    return {**report, "losses": losses, "rates": rates}


def compare(found: dict, want: dict) -> list:
    """Whatever was restored is what was held. Returns the parts that FSDP did not restore."""
    assert set(found) == set(want), set(found) ^ set(want)
    lost = set()
    for name, parts in want.items():
        for part, value in parts.items():
            if part in found[name]:
                assert torch.equal(found[name][part], value), f"{name} {part}"
            elif value.numel():
                lost.add(part)
    return sorted(lost)


def main() -> None:
    warnings.simplefilter("ignore")
    mode, data, folder, *rest = sys.argv[1:]
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    if mode == "save":
        save(data, folder, json.loads(rest[0]))
    else:
        one = {"resume": resume, "load": load}[mode]
        lines = [json.dumps(one(data, folder, checkpoint)) for checkpoint in rest]
        if get_global_rank() == 0:
            Path(folder, "resumed.jsonl").write_text("\n".join(lines))
    barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
