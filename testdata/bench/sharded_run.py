"""Save an unsharded checkpoint as the ranks of a run would: shards of allenai/OLMo's default layout, torch_legacy.

    python sharded_run.py UNSHARDED OUT [RANKS]

OUT gets rank<N>.pt with FSDP's sharded state dicts of the model and of AdamW, and config.yaml. The moments are copies of
the weights: only their size matters here. One process plays all ranks, so memory is that of one shard.
"""

import os
import shutil
import sys

import torch
import torch.distributed as dist
from torch.distributed._shard.metadata import ShardMetadata
from torch.distributed._shard.sharded_tensor import Shard, ShardedTensor, ShardedTensorMetadata
from torch.distributed._shard.sharded_tensor.metadata import TensorProperties
from torch.testing._internal.distributed.fake_pg import FakeStore


def shard(full, rank, ranks):
    """The rank's rows of a tensor, as FSDP cuts it: rows are dealt out in chunks of equal size."""
    chunk = -(-full.shape[0] // ranks)
    rows = [(r * chunk, min(chunk, full.shape[0] - r * chunk)) for r in range(ranks)]
    every = [ShardMetadata([at] + [0] * (full.dim() - 1), [n, *full.shape[1:]], f"rank:{r}/cpu")
             for r, (at, n) in enumerate(rows) if n > 0]
    properties = TensorProperties(dtype=full.dtype)
    mine = [Shard(full[at:at + n].clone(), every[rank]) for at, n in [rows[rank]] if n > 0]
    return ShardedTensor._init_from_local_shards_and_global_metadata(
        mine, ShardedTensorMetadata(every, full.size(), properties))


def save(model, rank, ranks, out):
    dist.init_process_group("fake", store=FakeStore(), rank=rank, world_size=ranks)
    weights = {name: shard(full, rank, ranks) for name, full in model.items()}
    state = {name: {"step": torch.tensor(1000.0), "exp_avg": weights[name],
                    "exp_avg_sq": shard(full, rank, ranks)} for name, full in model.items()}
    groups = [{"lr": 1e-4, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1, "amsgrad": False, "foreach": None,
               "maximize": False, "capturable": False, "differentiable": False, "fused": None, "initial_lr": 1e-4,
               "param_names": list(model), "params": list(model)}]
    # The moments must be storages of their own, as they are in a run.
    for moments in state.values():
        moments["exp_avg"] = clone(moments["exp_avg"])
    torch.save({"model": weights, "optim": {"state": state, "param_groups": groups}, "epoch": 0, "global_step": 1000,
                "global_train_examples_seen_this_epoch": 8000, "global_train_tokens_seen": 8192000, "world_size": ranks,
                "checkpoints": [], "unsharded_checkpoints": [], "ephemeral_checkpoints": []},
               os.path.join(out, f"rank{rank}.pt"))
    dist.destroy_process_group()


def clone(t):
    shards = [Shard(s.tensor.clone(), s.metadata) for s in t.local_shards()]
    return ShardedTensor._init_from_local_shards_and_global_metadata(shards, t.metadata())


def main(unsharded, out, ranks="4"):
    os.makedirs(out)
    shutil.copy(os.path.join(unsharded, "config.yaml"), out)
    model = torch.load(os.path.join(unsharded, "model.pt"), mmap=True, weights_only=True)
    for rank in range(int(ranks)):
        save(model, rank, int(ranks), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
