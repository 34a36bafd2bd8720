"""OLMo-core's own way: transformers loads the model, convert_state_from_hf renames it, save_state_dict writes it.

    python core_by_hand.py MODEL OUT

Like its own script, less what that does besides: a second load of the model, and a validation.
"""

import sys

from olmo_core.distributed.checkpoint import save_state_dict
from olmo_core.nn.hf.convert import convert_state_from_hf
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
state = convert_state_from_hf(model.config, model.state_dict(), model_type=model.config.model_type)
save_state_dict(sys.argv[2], {"model": state}, save_overwrite=True)
