"""Trains from this checkpoint with OLMo-core (pip install ai2-olmo-core), with FSDP on any number of GPUs:

    torchrun --nproc_per_node=8 train.py --save-folder runs/first TOKENS.npy...

TOKENS are flat files of token ids: uint16, or uint32 if the tokenizer has more than 65,536 tokens. Started again, it
continues from the latest checkpoint in the save folder. Edit it as you like: hf2olmo keeps your version.
"""

import argparse
import json
from pathlib import Path

import torch
from olmo_core.config import DType
from olmo_core.data import NumpyDataLoaderConfig, NumpyDatasetDType, NumpyFSLDatasetConfig, TokenizerConfig
from olmo_core.distributed.parallel import DataParallelType
from olmo_core.nn.transformer import TransformerConfig
from olmo_core.optim import AdamWConfig, LinearWithWarmup
from olmo_core.train import Duration, TrainerConfig, prepare_training_environment, teardown_training_environment
from olmo_core.train.callbacks import CheckpointerCallback, ConfigSaverCallback
from olmo_core.train.train_module import TransformerDataParallelConfig, TransformerTrainModuleConfig

parser = argparse.ArgumentParser()
parser.add_argument("tokens", nargs="+", help="files of token ids")
parser.add_argument("--save-folder", required=True)
parser.add_argument("--sequence-length", type=int, default=4096, help="tokens; the model's own length is in its config")
parser.add_argument("--batch", type=int, default=128, help="sequences per step, on all GPUs together")
parser.add_argument("--microbatch", type=int, default=1, help="sequences on one GPU at a time")
parser.add_argument("--learning-rate", type=float, default=3e-5)
parser.add_argument("--epochs", type=int, default=1)
a = parser.parse_args()

here = Path(__file__).resolve().parent
config = json.loads((here / "config.json").read_text())
gpu = torch.cuda.is_available()
prepare_training_environment(seed=0, backend="cpu:gloo,cuda:nccl" if gpu else "gloo")
model = TransformerConfig.from_dict(config["model"]).build(init_device="meta")
fsdp = TransformerDataParallelConfig(
    name=DataParallelType.fsdp, param_dtype=DType.bfloat16 if gpu else DType.float32, reduce_dtype=DType.float32
)
module = TransformerTrainModuleConfig(
    rank_microbatch_size=a.microbatch * a.sequence_length, max_sequence_length=a.sequence_length, dp_config=fsdp,
    optim=AdamWConfig(lr=a.learning_rate, weight_decay=0.1, betas=(0.9, 0.95)), max_grad_norm=1.0,
    scheduler=LinearWithWarmup(warmup_fraction=0.03, alpha_f=0.1),
).build(model)  # fmt: skip
tokenizer = TokenizerConfig.from_dict(config["dataset"]["tokenizer"])
ids = NumpyDatasetDType.uint16 if tokenizer.vocab_size <= 65536 else NumpyDatasetDType.uint32
dataset = NumpyFSLDatasetConfig(
    paths=a.tokens, sequence_length=a.sequence_length, tokenizer=tokenizer, dtype=ids, work_dir=a.save_folder
).build()
loader = NumpyDataLoaderConfig(global_batch_size=a.batch * a.sequence_length, seed=0, work_dir=a.save_folder)
trainer = TrainerConfig(save_folder=a.save_folder, load_path=str(here), max_duration=Duration.epochs(a.epochs))
trainer = trainer.with_callback("checkpointer", CheckpointerCallback(save_interval=1000))
trainer = trainer.with_callback("config", ConfigSaverCallback(_config=config))
trainer.build(module, loader.build(dataset, dp_process_group=module.dp_process_group)).fit()
teardown_training_environment()
