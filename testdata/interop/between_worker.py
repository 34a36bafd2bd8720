"""OLMo-core's own Trainer on the CPU, which goes on with a run of allenai/OLMo as a user's script would.

    python -m torch.distributed.run --nproc_per_node=2 between_worker.py DATA REPORT STEPS CHECKPOINT OPTIMIZER SCHEDULER

OPTIMIZER and SCHEDULER are what hf2olmo prints for the script. It trains until STEPS of 10, and leaves in REPORT what its
optimizer held before the first of them and after step 6, the losses, and the learning rates. After step 6 it saves a
checkpoint with its config in the folder of REPORT.
"""

import json
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from core_worker import read_model
from olmo_core import optim
from olmo_core.config import DType
from olmo_core.data import NumpyDataLoaderConfig, NumpyDatasetDType, NumpyFSLDatasetConfig, TokenizerConfig
from olmo_core.distributed.parallel import DataParallelType
from olmo_core.distributed.utils import get_full_tensor, get_rank
from olmo_core.train import (
    Duration,
    TrainerConfig,
    prepare_training_environment,
    teardown_training_environment,
)
from olmo_core.train.callbacks import Callback
from olmo_core.train.train_module import TransformerDataParallelConfig, TransformerTrainModuleConfig

LENGTH = 16


@dataclass
class Watch(Callback):
    """What the trainer has loaded, and how each step went."""

    config: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)
    later: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    start: dict = field(default_factory=dict)
    losses: list = field(default_factory=list)
    rates: list = field(default_factory=list)

    def now(self) -> dict:
        module, held = self.trainer.train_module, {}
        for name, parameter in module.model.named_parameters():
            held[name] = get_full_tensor(parameter.detach()).clone()
            for moment, value in module.optim.state[parameter].items():
                held[f"{name}.{moment}"] = get_full_tensor(value.detach()).clone()
        return held

    def pre_train(self):
        module = self.trainer.train_module
        self.held = self.now()
        names = {id(parameter): name for name, parameter in module.model.named_parameters()}
        for group in module.optim.param_groups:
            for parameter in group["params"]:
                self.groups[names[id(parameter)]] = {k: v for k, v in group.items() if k != "params"}
        self.start = {"step": self.trainer.global_step, "tokens": self.trainer.global_train_tokens_seen,
                      "epoch": self.trainer.epoch, "batch": self.trainer.data_loader.batches_processed}  # fmt: skip

    def post_step(self):
        if self.step == 6:
            self.later = self.now()
            folder = Path(self.trainer.save_checkpoint())
            if get_rank() == 0:
                (folder / "config.json").write_text(json.dumps(self.config))

    def log_metrics(self, step, metrics):
        if "train/CE loss" in metrics:
            self.losses.append(float(metrics["train/CE loss"]))
            self.rates.append(float(metrics["optim/LR (group 0)"]))


def train(data: str, folder: str, steps: int, checkpoint: str, optimizer: str, scheduler: str) -> Watch:
    config, model = read_model(checkpoint)
    module_config = TransformerTrainModuleConfig(
        rank_microbatch_size=2 * LENGTH, max_sequence_length=LENGTH, max_grad_norm=1.0,
        optim=eval(optimizer, vars(optim)), scheduler=eval(scheduler, vars(optim)),
        dp_config=TransformerDataParallelConfig(name=DataParallelType.fsdp, param_dtype=DType.float32),
    )  # fmt: skip
    module = module_config.build(model, device=torch.device("cpu"))
    dataset_config = NumpyFSLDatasetConfig(
        paths=[data], sequence_length=LENGTH, tokenizer=TokenizerConfig.from_dict(config["dataset"]["tokenizer"]),
        work_dir=folder, dtype=NumpyDatasetDType.uint16,
    )  # fmt: skip
    loader_config = NumpyDataLoaderConfig(global_batch_size=4 * LENGTH, seed=0, num_workers=0, work_dir=folder)
    loader = loader_config.build(dataset_config.build(), dp_process_group=module.dp_process_group)
    trainer_config = TrainerConfig(
        save_folder=folder, load_path=checkpoint, save_overwrite=True, max_duration=Duration.steps(10),
        hard_stop=Duration.steps(steps), metrics_collect_interval=1, no_evals=True,
    )  # fmt: skip
    parts = {"train_module": module_config, "dataset": dataset_config, "data_loader": loader_config, "trainer": trainer_config}
    own = {name: part.as_config_dict() for name, part in parts.items()}  # as ConfigSaverCallback writes it
    watch = Watch(config={"model": config["model"], **own})
    trainer = trainer_config.with_callback("watch", watch).build(module, loader)
    trainer.fit()
    return watch


def main() -> None:
    warnings.simplefilter("ignore")
    prepare_training_environment(seed=1, backend="gloo", shared_filesystem=True)
    torch.set_num_threads(1)
    data, report, steps, *rest = sys.argv[1:]
    watch = train(data, str(Path(report).parent / "core"), int(steps), *rest)
    if get_rank() == 0:
        parts = ("held", "later", "groups", "start", "losses", "rates")
        torch.save({name: getattr(watch, name) for name in parts}, report)
    dist.barrier()
    teardown_training_environment()


if __name__ == "__main__":
    np.random.seed(0)
    main()
