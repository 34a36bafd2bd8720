"""What the released trainer does with damaged checkpoints, two ranks on the CPU:

    python -m torch.distributed.run --nproc_per_node=2 check_worker.py CASES REPORT

CASES is a JSON list of {"folder", "config", "optimizer", "trainer"}: the folder is restored by Trainer.restore_checkpoint
into a model that the config describes, with or without the states of optimizer and trainer. REPORT.0 and REPORT.1
receive what each rank met, a line a case: {"folder", "error": "" or "Type: message"}. Files are read with torch.load as the trainer's main branch
reads them; CASES may say "released": true for the defaults of ai2-olmo 0.6.0.
"""

import json
import sys
import warnings
from datetime import timedelta
from pathlib import Path

import olmo.checkpoint
import olmo.train
import torch
import torch.distributed as dist
from olmo.config import TrainConfig
from olmo.model import OLMo
from olmo.optim import build_optimizer
from olmo.torch_util import get_global_rank
from olmo.train import Trainer
from train_worker import on_cpu, wrap

load = torch.load


def load_as_main(*args, **options):
    return load(*args, **{"weights_only": False, **options})


def restore(case: dict) -> None:
    config = TrainConfig.load(case["config"])
    on_cpu(config)
    trainer = object.__new__(Trainer)  # restoring needs no data, no scheduler and no evaluators
    trainer.cfg = config
    trainer.dist_model = wrap(config, OLMo(config.model))
    trainer.optim = build_optimizer(config, trainer.dist_model)
    torch.load = load if case.get("released") else load_as_main
    trainer.restore_checkpoint(
        case["folder"],
        load_optimizer_state=case.get("optimizer", False),
        load_trainer_state=case.get("trainer", False),
        sharded_checkpointer=config.load_path_sharded_checkpointer,
    )


def outcome(case: dict) -> str:
    try:
        restore(case)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        torch.load = load
    return ""


def main() -> None:
    warnings.simplefilter("ignore")
    cases, report = sys.argv[1:]
    dist.init_process_group("gloo", timeout=timedelta(seconds=30))
    torch.set_num_threads(1)
    olmo.checkpoint.barrier = olmo.train.barrier = lambda: None  # one rank may fail where the other does not
    with open(f"{report}.{get_global_rank()}", "w") as lines:
        for case in json.loads(Path(cases).read_text()):
            print(json.dumps({"folder": case["folder"], "error": outcome(case)}), file=lines, flush=True)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
