package torchfile

import (
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

const foreignHint = "Save the weights alone: torch.save(model.state_dict(), \"pytorch_model.bin\")."

// gathered is how the complete tensors of a distributed model are saved.
const gathered = "torch.save(get_model_state_dict(model, " +
	"options=StateDictOptions(full_state_dict=True, cpu_offload=True)), \"pytorch_model.bin\")."

const (
	unquantized = "Convert the model that this one was quantized from."
	pickled     = "the whole model was pickled, not its weights"
)

// foreigners are objects that programs save in place of tensors, by the prefix of their names.
var foreigners = []struct{ name, what, hint string }{
	{"torch.distributed.tensor.", "the tensors are DTensors, each with one rank's part",
		"Gather them before they are saved: full_tensor() of each, or " + gathered},
	{"torch.distributed._tensor.", "the tensors are DTensors, each with one rank's part",
		"Gather them before they are saved: full_tensor() of each, or " + gathered},
	{"torch.distributed._shard.", "the tensors are FSDP's ShardedTensors, each with one rank's part",
		"Gather them before they are saved: StateDictType.FULL_STATE_DICT, or " + gathered},
	{"torchao.", "the tensors are quantized by torchao", unquantized},
	{"bitsandbytes.", "the tensors are quantized by bitsandbytes", unquantized},
	{"deepspeed.", "it is DeepSpeed's own checkpoint",
		"Merge it with DeepSpeed's zero_to_fp32.py, and convert the result."},
	{"megatron.", "it is Megatron-LM's own checkpoint",
		"Export the model to Hugging Face with Megatron's own converter, and convert the result."},
	{"transformers.models.", pickled, foreignHint},
	{"peft.", pickled, "Merge the adapter, and save the result: model.merge_and_unload().save_pretrained(FOLDER)."},
}

// foreignNames is the fault of a pickle that names something other than tensors.
func foreignNames(names []string) *fault.Fault {
	f := problem("the file contains Python objects other than tensors: it names %s", pickle.ForeignNames(names))
	f.Hint = foreignHint
	for _, known := range foreigners {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, known.name) }) {
			f.Problem = known.what + ": " + f.Problem
			f.Hint = known.hint
			break
		}
	}
	return f
}
