"""Makes testdata/checkpoints with the real released trainer, two ranks on the CPU:

    $(sh testdata/interop/env.sh) -m torch.distributed.run --standalone --nproc_per_node=2 testdata/make_checkpoints.py

One tiny model is trained for a few steps and saved by each of the trainer's checkpointers. The folders are as the
trainer left them; the config.yaml of each names "tokenizer.json", a file in the working directory of whoever trains.
"""

import dataclasses
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "interop"))

import numpy as np  # noqa: E402
import olmo.checkpoint  # noqa: E402
import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402
from olmo.config import CheckpointType, TrainConfig  # noqa: E402
from olmo.torch_util import barrier, get_global_rank  # noqa: E402
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP  # noqa: E402
from train_worker import make_trainer, on_cpu  # noqa: E402

STEPS = 3
# No smaller: the trainer cannot restore parameters of fewer than 8 elements, whose padding stays NaN.
MODEL = dict(
    d_model=8, n_heads=2, n_kv_heads=1, n_layers=1, mlp_hidden_size=16, vocab_size=91, embedding_size=96,
    max_sequence_length=16, rope=True, layer_norm_type="rms", norm_after=True,
    layer_norm_eps=1e-6, include_bias=False, bias_for_layer_norm=False, weight_tying=True, attention_dropout=0.0,
    residual_dropout=0.0, embedding_dropout=0.0, eos_token_id=0, pad_token_id=1,
)  # fmt: skip
# What each checkpointer is called in a config, and the folder here that it fills. The fourth, olmo_core, is for a
# version 0.1 of OLMo-core that no longer installs beside the others.
SHARDED = {"torch_legacy": "legacy", "torch_new": "new", "local": "local"}


def config(data: str, save_folder: str) -> TrainConfig:
    """A training config of the released trainer, all else at its defaults."""
    return TrainConfig.new(
        run_name="tiny", model=MODEL, data=dict(paths=[data], num_workers=0, drop_last=True),
        optimizer=dict(name="lionw", learning_rate=1e-3), scheduler=dict(name="linear_with_warmup", t_warmup=1),
        tokenizer=dict(identifier="tokenizer.json"), save_folder=save_folder, precision="amp_bf16",
        fsdp=dict(wrapping_strategy="by_block", sharding_strategy="SHARD_GRAD_OP", precision="mixed"),
        global_train_batch_size=4, device_train_microbatch_size=2, max_grad_norm=1.0, save_data_indices=False,
    )  # fmt: skip


def allow_local() -> None:
    """The local checkpointer refuses torch from 2.3 on; the one private field that it asks for is still there."""
    handles = lambda self, model: [] if model._handle is None else [model._handle]  # noqa: E731
    olmo.checkpoint.LocalShardedCheckpointer._fsdp_handles = handles


def plain(folder: Path) -> None:
    """Takes this machine's paths out of a saved config.yaml, and nothing else."""
    text = (folder / "config.yaml").read_text().splitlines()
    keep = {"save_folder:": "save_folder: runs/tiny", "- /": "  - tokens.npy"}
    lines = [next((new for old, new in keep.items() if line.strip().startswith(old)), line) for line in text]
    (folder / "config.yaml").write_text("\n".join(lines) + "\n")


def main() -> None:
    warnings.simplefilter("ignore")
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    allow_local()
    os.chdir(HERE / "models" / "olmo")  # which has a tokenizer.json
    os.environ.update(HF_HUB_OFFLINE="1", WANDB_MODE="disabled")
    scratch = Path(os.environ.setdefault("SCRATCH", tempfile.gettempdir())) / "make_checkpoints"
    data = scratch / "tokens.npy"
    if get_global_rank() == 0:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        np.random.default_rng(5).integers(2, 91, 16 * 64, dtype=np.uint16).tofile(data)
    dist.barrier()
    cfg = config(str(data), str(scratch / "run"))
    on_cpu(cfg)
    trainer = make_trainer(cfg)
    trainer.epoch = 0
    trainer.dist_model.train()
    for _, batch in zip(range(STEPS), trainer.train_loader):
        trainer.global_step += 1
        trainer.global_train_examples_seen_this_epoch += cfg.global_train_batch_size
        trainer.global_train_tokens_seen += batch["input_ids"].numel() * 2
        trainer.train_step(batch)
    assert isinstance(trainer.dist_model, FSDP)
    for name, folder in SHARDED.items():
        cfg.sharded_checkpointer = name
        cfg.save_folder = str(scratch / folder)
        trainer.save_checkpoint(CheckpointType.sharded)
    cfg.sharded_checkpointer = "torch_legacy"
    cfg.save_folder = str(scratch / "unsharded")
    trainer.save_checkpoint(CheckpointType.unsharded)
    barrier()
    if get_global_rank() == 0:
        for found in sorted(scratch.glob("*/step*")):
            plain(found)
            kept = HERE / "checkpoints" / found.parent.name / found.name
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(found, kept)
        shutil.rmtree(scratch)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
