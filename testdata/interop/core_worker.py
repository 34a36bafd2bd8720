"""OLMo-core's own Trainer on the CPU, started from converted folders as a user's script would.

    python -m torch.distributed.run --nproc_per_node=2 core_worker.py tokens.npy report.jsonl LOAD_PATH=CONFIG_FOLDER ...

The model is built by the two lines that hf2olmo prints, LOAD_PATH goes to TrainerConfig. What differs from a run on
GPUs: gloo, no compilation, tiny batches.
"""

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import gated_delta_net  # noqa: F401
import numpy as np
import torch
import torch.distributed as dist
from olmo_core.config import DType
from olmo_core.data import NumpyDataLoaderConfig, NumpyDatasetDType, NumpyFSLDatasetConfig, TokenizerConfig
from olmo_core.distributed import parallel
from olmo_core.distributed.parallel import DataParallelType
from olmo_core.distributed.utils import get_full_tensor, get_rank
from olmo_core.nn.transformer import TransformerConfig
from olmo_core.optim import AdamWConfig
from olmo_core.train import (
    Duration,
    LoadStrategy,
    TrainerConfig,
    prepare_training_environment,
    teardown_training_environment,
)
from olmo_core.train.callbacks import Callback
from olmo_core.train.train_module import TransformerDataParallelConfig, TransformerTrainModuleConfig

LENGTH = 48


@dataclass
class Watch(Callback):
    """Whether the trainer loaded, what its model held then, what training left as it was, and the loss of every step."""

    loaded: bool = False
    parameters: dict = field(default_factory=dict)
    untrained: list = field(default_factory=list)
    losses: list = field(default_factory=list)

    def pre_train(self):
        self.loaded = self.trainer.checkpoint_loaded
        for name, parameter in self.trainer.train_module.model.named_parameters():
            self.parameters[name] = get_full_tensor(parameter.detach()).clone()

    def post_train(self):
        for name, parameter in self.trainer.train_module.model.named_parameters():
            if torch.equal(get_full_tensor(parameter.detach()), self.parameters[name]):
                self.untrained.append(name)

    def log_metrics(self, step, metrics):
        if "train/CE loss" in metrics:
            self.losses.append(float(metrics["train/CE loss"]))


def read_model(folder: str | Path) -> tuple:
    """The config of a checkpoint and the model that it describes, by the two lines that hf2olmo prints."""
    config = json.load(open(Path(folder) / "config.json"))
    return config, TransformerConfig.from_dict(config["model"]).build(init_device="meta")


def train(load_path: str, folder: Path, data: str, save_folder: str) -> Watch:
    config, model = read_model(folder)
    module = TransformerTrainModuleConfig(
        rank_microbatch_size=2 * LENGTH, max_sequence_length=LENGTH, optim=AdamWConfig(lr=1e-4),
        dp_config=TransformerDataParallelConfig(name=DataParallelType.fsdp, param_dtype=DType.float32),
    ).build(model, device=torch.device("cpu"))  # fmt: skip
    dataset = NumpyFSLDatasetConfig(
        paths=[data], sequence_length=LENGTH, tokenizer=TokenizerConfig.from_dict(config["dataset"]["tokenizer"]),
        work_dir=save_folder, dtype=NumpyDatasetDType.uint16,
    ).build()  # fmt: skip
    loader = NumpyDataLoaderConfig(global_batch_size=4 * LENGTH, seed=0, num_workers=0, work_dir=save_folder).build(
        dataset, dp_process_group=module.dp_process_group
    )
    watch = Watch()
    trainer = (
        TrainerConfig(
            save_folder=save_folder, load_path=load_path, load_strategy=LoadStrategy.if_available, save_overwrite=True,
            max_duration=Duration.steps(3), metrics_collect_interval=1, no_evals=True,
        )
        .with_callback("watch", watch)
        .build(module, loader)
    )  # fmt: skip
    trainer.fit()
    return watch


def main() -> None:
    prepare_training_environment(seed=1, backend="gloo", shared_filesystem=True)
    torch.set_num_threads(1)
    data, report, *runs = sys.argv[1:]
    for run in runs:
        parallel._WORLD_MESH = None  # a process is meant to train once
        load_path, _, folder = run.partition("=")
        save = [tempfile.mkdtemp(dir=Path(report).parent)]
        dist.broadcast_object_list(save, src=0)
        watch = train(load_path, Path(folder), data, save[0])
        stored = torch.load(Path(folder).parent / "expected.pt", weights_only=True)
        different = [name for name, tensor in watch.parameters.items() if not torch.equal(tensor, stored[name].float())]
        if get_rank() == 0:
            line = {"load_path": load_path, "loaded": watch.loaded, "different": different, "losses": watch.losses,
                    "parameters": len(watch.parameters), "untrained": watch.untrained}  # fmt: skip
            with open(report, "a") as out:
                out.write(json.dumps(line) + "\n")
        dist.barrier()
        shutil.rmtree(save[0], ignore_errors=True)
    teardown_training_environment()


if __name__ == "__main__":
    np.random.seed(0)
    main()
