"""OLMo-core's own Trainer on the CPU: trains models from scratch and saves them, with what each computes then.

    python -m torch.distributed.run --nproc_per_node=4 core_save_worker.py FOLDER RUN ...

FOLDER/RUN.json has the model's config and how its parameters are spread: fsdp, hsdp or tp (with fsdp). The run saves
FOLDER/RUN/step2; FOLDER/RUN.logits are those of its model for FOLDER/tokens.pt. Experts are computed as in
core_logits_worker.py.
"""

import core_logits_worker  # noqa: F401  chooses Triton's interpreter before torch is imported

import json  # isort: skip
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.distributed.checkpoint.state_dict as state
from olmo_core.config import DType
from olmo_core.data import NumpyDataLoaderConfig, NumpyDatasetDType, NumpyFSLDatasetConfig, TokenizerConfig
from olmo_core.distributed import parallel
from olmo_core.distributed.parallel import DataParallelType
from olmo_core.distributed.utils import get_rank
from olmo_core.nn.transformer import TransformerConfig
from olmo_core.optim import AdamWConfig
from olmo_core.train import Duration, TrainerConfig, prepare_training_environment, teardown_training_environment
from olmo_core.train.callbacks import CheckpointerCallback, ConfigSaverCallback
from olmo_core.train.train_module import TransformerDataParallelConfig, TransformerTrainModuleConfig
from olmo_core.train.train_module.transformer import TransformerTensorParallelConfig

LENGTH = 16


def train(folder: Path, name: str, data: Path) -> None:
    run = json.loads((folder / f"{name}.json").read_text())
    config = TransformerConfig.from_dict(run["model"])
    wide = dict(param_dtype=DType.float32, reduce_dtype=DType.float32)
    spread = {"name": DataParallelType.hsdp, "num_replicas": 2} if run["spread"] == "hsdp" else {"name": DataParallelType.fsdp}
    module = TransformerTrainModuleConfig(
        rank_microbatch_size=LENGTH, max_sequence_length=LENGTH, optim=AdamWConfig(lr=0.01),
        dp_config=TransformerDataParallelConfig(**spread, **wide),
        tp_config=TransformerTensorParallelConfig(degree=2) if run["spread"] == "tp" else None,
    )  # fmt: skip
    dataset = NumpyFSLDatasetConfig(
        paths=[str(data)], sequence_length=LENGTH, work_dir=str(folder / "work"), dtype=NumpyDatasetDType.uint16,
        tokenizer=TokenizerConfig(vocab_size=config.vocab_size, eos_token_id=1, pad_token_id=0),
    )  # fmt: skip
    trainer = TrainerConfig(
        save_folder=str(folder / name), save_overwrite=True, max_duration=Duration.steps(2), metrics_collect_interval=1, no_evals=True
    ).with_callback("checkpointer", CheckpointerCallback(save_interval=1000, pre_train_checkpoint=False))
    trainer = trainer.with_callback("config_saver", ConfigSaverCallback())
    built = module.build(config.build(init_device="meta"), device=torch.device("cpu"))
    loader = NumpyDataLoaderConfig(global_batch_size=4 * LENGTH, seed=0, num_workers=0).build(
        dataset.build(), dp_process_group=built.dp_process_group
    )
    running = trainer.build(built, loader)
    parts = {"model": config, "dataset": dataset, "train_module": module, "trainer": trainer}
    running.callbacks["config_saver"].config = {key: part.as_config_dict() for key, part in parts.items()}
    running.fit()
    whole = state.get_model_state_dict(built.model, options=state.StateDictOptions(full_state_dict=True, cpu_offload=True))
    if get_rank() == 0:
        model = config.build().eval()
        model.load_state_dict(whole)
        with torch.no_grad():
            torch.save(model(torch.load(folder / "tokens.pt", weights_only=True)), folder / f"{name}.logits")


def main() -> None:
    prepare_training_environment(seed=1, backend="gloo", shared_filesystem=True)
    torch.set_num_threads(1)
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    data = folder / "data.npy"
    if get_rank() == 0:
        np.random.default_rng(5).integers(2, 91, 64 * LENGTH, dtype=np.uint16).tofile(data)
    dist.barrier()
    for name in names:
        parallel._WORLD_MESH = None  # a process is meant to train once
        train(folder, name, data)
        dist.barrier()
    teardown_training_environment()


if __name__ == "__main__":
    main()
