"""OLMo-core's own way back: the model is built and loaded, save_hf_model writes it for transformers.

    python core_export_by_hand.py CHECKPOINT OUT

Like its own script, less what that does besides: tokenizer files and a validation.
"""

import json
import sys
from pathlib import Path

from olmo_core.distributed.checkpoint import load_model_and_optim_state
from olmo_core.nn.hf.checkpoint import save_hf_model
from olmo_core.nn.transformer import TransformerConfig

config = json.loads((Path(sys.argv[1]) / "config.json").read_text())
model = TransformerConfig.from_dict(config["model"]).build()
load_model_and_optim_state(Path(sys.argv[1]) / "model_and_optim", model)
save_hf_model(sys.argv[2], model.state_dict(), model, save_overwrite=True)
