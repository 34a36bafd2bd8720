"""Saves small models in shards, as the ranks of a distributed run do, each with the whole model beside it.

    python -m torch.distributed.run --nproc_per_node=W runs_worker.py OUT [LAYOUT...]

OUT/LAYOUT/expected is the model as save_pretrained writes it; the run is OUT/LAYOUT/global_step_7/actor with a file per
rank (verl, EasyR1, SkyRL), or OUT/LAYOUT/checkpoint-7 (accelerate, the HF Trainer).
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import transformers
from safetensors.torch import load_file
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP
from torch.distributed.fsdp import (
    LocalStateDictConfig,
    ShardedStateDictConfig,
    ShardingStrategy,
    StateDictType,
    fully_shard,
)
from torch.distributed.fsdp.wrap import ModuleWrapPolicy
from torch.distributed.tensor import Shard, distribute_tensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

SIZES = dict(
    vocab_size=103, hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=4, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=2,
)  # fmt: skip


def build(family: str, dtype: torch.dtype, **config):
    torch.manual_seed(7)
    config_class, model_class = (getattr(transformers, family + end) for end in ("Config", "ForCausalLM"))
    model = model_class(config_class(**SIZES, **config))
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn_like(parameter)
            parameter.copy_(1 + 0.3 * noise if parameter.ndim == 1 else 0.1 * noise)
    return model.to(dtype)


def line():
    return init_device_mesh("cpu", (dist.get_world_size(),), mesh_dim_names=("all",))


def square(*names: str):
    return init_device_mesh("cpu", (2, dist.get_world_size() // 2), mesh_dim_names=names)


def fsdp2(model, mesh=None):
    mesh = mesh or line()
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model


def fsdp1(model, mesh=None, strategy=ShardingStrategy.FULL_SHARD, original=True, groups=None):
    return FSDP(
        model, auto_wrap_policy=ModuleWrapPolicy({type(model.model.layers[0])}), device_id=torch.device("cpu"),
        device_mesh=mesh, process_group=groups, sharding_strategy=strategy, use_orig_params=original,
    )  # fmt: skip


def fsdp1_state(model, kind=StateDictType.SHARDED_STATE_DICT, config=None) -> dict:
    with FSDP.state_dict_type(model, kind, config or ShardedStateDictConfig(offload_to_cpu=True)):
        return model.state_dict()


def tensor_parallel(model, mesh):
    for layer in model.model.layers:
        plan = {f"self_attn.{name}_proj": ColwiseParallel() for name in "qkv"} | {"self_attn.o_proj": RowwiseParallel()}
        plan |= {f"mlp.{name}_proj": ColwiseParallel() for name in ("gate", "up")}
        plan["mlp.down_proj"] = RowwiseParallel()
        parallelize_module(layer, mesh, plan)
    return model


def two_dimensions(model):
    mesh = square("data", "tensor")
    return fsdp2(tensor_parallel(model, mesh["tensor"]), mesh["data"])


def whole(path: Path, model) -> None:
    if dist.get_rank() == 0:
        shutil.rmtree(path, ignore_errors=True)
        model.save_pretrained(path / "expected")
    dist.barrier()


def per_rank(path: Path, state: dict) -> None:
    """As verl does: an OrderedDict of each rank, and beside it what is not the model's."""
    actor, rank, world = path / "global_step_7" / "actor", dist.get_rank(), dist.get_world_size()
    if rank == 0:
        (actor / "huggingface").mkdir(parents=True)
        shutil.copy(path / "expected" / "config.json", actor / "huggingface")
        (actor / "fsdp_config.json").write_text(json.dumps({"FSDP_version": 2, "world_size": world}))
    dist.barrier()
    torch.save(state, actor / f"model_world_size_{world}_rank_{rank}.pt")
    for other in ("optim", "extra_state"):
        torch.save({"step": 7}, actor / f"{other}_world_size_{world}_rank_{rank}.pt")


def distributed(path: Path, state: dict) -> None:
    """As accelerate does with SHARDED_STATE_DICT."""
    folder = path / "checkpoint-7" / "pytorch_model_fsdp_0"
    dcp.save({"model": state}, storage_writer=dcp.FileSystemWriter(folder))


def local(path: Path, state: dict) -> None:
    """As accelerate does with LOCAL_STATE_DICT."""
    (path / "checkpoint-7").mkdir(parents=True, exist_ok=True)
    torch.save(state, path / "checkpoint-7" / f"pytorch_model_fsdp_rank{dist.get_rank()}.bin")


def full(path: Path, state: dict) -> None:
    """As accelerate does with FULL_STATE_DICT."""
    if dist.get_rank() == 0:
        (path / "checkpoint-7").mkdir(parents=True)
        torch.save(state, path / "checkpoint-7" / "pytorch_model_fsdp.bin")


def experts(path: Path, columns: bool) -> dict:
    """A model with experts by the names of its files, cut by rows, or every other matrix by columns."""
    mesh, state = line(), load_file(path / "expected" / "model.safetensors")
    by_columns = sorted(name for name in state if columns and state[name].ndim == 2)[::2]
    return {name: distribute_tensor(t, mesh, [Shard(int(name in by_columns))]) for name, t in state.items()}


def hybrid(model):
    return fsdp1(model, square("replicas", "shards"), ShardingStrategy.HYBRID_SHARD)


def hybrid_of_groups(model):
    """Without a mesh, as accelerate wraps a model on several nodes: here two of them."""
    world = dist.get_world_size()
    nodes = [dist.new_group(list(range(i * world // 2, (i + 1) * world // 2))) for i in range(2)]
    across = [dist.new_group([i, i + world // 2]) for i in range(world // 2)]
    rank = dist.get_rank()
    groups = (nodes[rank * 2 // world], across[rank % (world // 2)])
    return fsdp1(model, None, ShardingStrategy.HYBRID_SHARD, groups=groups)


B16, F32 = torch.bfloat16, torch.float32
EXPERTS = dict(num_experts=4, num_experts_per_tok=2)

# How each layout is saved, what of, and the state dict of a rank.
LAYOUTS = {
    "verl-fsdp2": (per_rank, ("Olmo2", B16), lambda m, _: fsdp2(m).state_dict()),
    "verl-fsdp1": (per_rank, ("Llama", F32), lambda m, _: fsdp1_state(fsdp1(m))),
    "verl-fsdp1-mesh-tied": (per_rank, ("Llama", B16, True), lambda m, _: fsdp1_state(fsdp1(m, line()))),
    "verl-hsdp2": (per_rank, ("Llama", B16), lambda m, _: fsdp2(m, square("replicas", "shards")).state_dict()),
    "verl-hsdp1": (per_rank, ("Olmo2", F32), lambda m, _: fsdp1_state(hybrid(m))),
    "verl-hsdp1-groups": (per_rank, ("Llama", B16), lambda m, _: fsdp1_state(hybrid_of_groups(m))),
    "verl-ddp": (per_rank, ("Llama", B16), lambda m, _: fsdp1_state(fsdp1(m, None, ShardingStrategy.NO_SHARD))),
    "verl-tp": (per_rank, ("Llama", F32), lambda m, _: tensor_parallel(m, line()).state_dict()),
    "verl-tp-fsdp2": (per_rank, ("Llama", B16), lambda m, _: two_dimensions(m).state_dict()),
    "verl-experts": (per_rank, ("Olmoe", B16), lambda _, path: experts(path, columns=False)),
    "verl-experts-columns": (per_rank, ("Olmoe", F32), lambda _, path: experts(path, columns=True)),
    "accelerate-fsdp2": (distributed, ("Llama", B16), lambda m, _: fsdp2(m).state_dict()),
    "accelerate-fsdp1": (distributed, ("Olmo2", F32), lambda m, _: fsdp1_state(fsdp1(m))),
    "accelerate-hsdp2": (distributed, ("Olmo2", B16), lambda m, _: fsdp2(m, square("replicas", "shards")).state_dict()),
    "accelerate-tp": (distributed, ("Llama", F32), lambda m, _: tensor_parallel(m, line()).state_dict()),
    "accelerate-tp-fsdp2": (distributed, ("Llama", F32), lambda m, _: two_dimensions(m).state_dict()),
    "accelerate-full": (full, ("Llama", B16), lambda m, _: {k: v.clone() for k, v in m.state_dict().items()}),
    "accelerate-local": (local, ("Llama", B16), lambda m, _: fsdp2(m).state_dict()),
    "accelerate-local-flat": (local, ("Llama", F32), lambda m, _: fsdp1_state(
        fsdp1(m, original=False), StateDictType.LOCAL_STATE_DICT, LocalStateDictConfig())),
}  # fmt: skip


def main() -> None:
    warnings.simplefilter("ignore")
    transformers.utils.logging.disable_progress_bar()
    out, *wanted = sys.argv[1:]
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    for name in wanted or LAYOUTS:
        save, (family, dtype, *tied), state = LAYOUTS[name]
        more = EXPERTS if family == "Olmoe" else {}
        model, path = build(family, dtype, tie_word_embeddings=bool(tied), **more), Path(out) / name
        whole(path, model)
        save(path, state(model, path))
        dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
