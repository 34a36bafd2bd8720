"""Logits of converted folders, by the OLMo-core that is first in PYTHONPATH, on the CPU.

    python core_logits_worker.py TOKENS.pt FOLDER ...

Writes {"logits": ...} or {"error": ...} to FOLDER.logits. Experts are computed by OLMo-core's own Triton kernels in
Triton's interpreter, which has to be chosen before torch is imported, with the first of the settings that it would
otherwise try out on a GPU.
"""

import os

os.environ["TRITON_INTERPRET"] = "1"

import triton.runtime.autotuner  # noqa: E402


def run_first(self, *args, **kwargs):
    config = self.configs[0]
    self.nargs = dict(zip(self.arg_names, args))
    return self.fn.run(*args, **kwargs, **config.all_kwargs())


triton.runtime.autotuner.Autotuner.run = run_first

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import gated_delta_net  # noqa: E402, F401
import torch  # noqa: E402
from olmo_core.distributed.checkpoint import load_model_and_optim_state  # noqa: E402
from olmo_core.nn.transformer import TransformerConfig  # noqa: E402


def logits(folder: Path, tokens: torch.Tensor) -> torch.Tensor:
    """Strictly loaded into a model full of NaN."""
    config = json.loads((folder / "config.json").read_text())
    model = TransformerConfig.from_dict(config["model"]).build().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(float("nan"))
        load_model_and_optim_state(folder, model, strict=True)
        return model(tokens)


def main() -> None:
    torch.set_num_threads(2)
    tokens = torch.load(sys.argv[1], weights_only=True)
    for folder in map(Path, sys.argv[2:]):
        try:
            found = {"logits": logits(folder, tokens)}
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        torch.save(found, f"{folder}.logits")


if __name__ == "__main__":
    main()
