package hf

import (
	"maps"
	"path"
	"slices"

	"hf2olmo/convert/fault"
)

// A stranger is a form of a model that is not Hugging Face weights.
type stranger struct {
	patterns []string
	problem  string
	hint     string
	folder   bool // the patterns say so of a folder only: a file of such a name may be anything
}

// strangers are all of them, those with the most specific names first.
var strangers = []stranger{
	{patterns: []string{"adapter_model.safetensors", "adapter_model.bin", "adapter_config.json"},
		problem: "is an adapter (PEFT, LoRA), not a whole model",
		hint: "Merge it into its base model first (peft's merge_and_unload, then save_pretrained) " +
			"and convert the result."},
	{patterns: []string{"zero_to_fp32.py", "global_step*", "*mp_rank_*_model_states.pt", "*_optim_states.pt"},
		problem: "is a DeepSpeed checkpoint, not a Hugging Face model",
		hint: "Merge it with DeepSpeed's zero_to_fp32.py into the folder that contains the model's config.json, " +
			"and convert that."},
	{patterns: []string{"pytorch_model_fsdp_[0-9]*"},
		problem: "has an empty folder in place of a sharded model", hint: copyWhole},
	{patterns: []string{
		"latest_checkpointed_iteration.txt", "iter_[0-9]*", "model_optim_rng.pt", "mp_rank_[0-9]*", "*.nemo"},
		problem: "is a checkpoint of Megatron-LM or NeMo, not a Hugging Face model",
		hint:    "Export it to Hugging Face with that program's own converter, and convert the result."},
	{patterns: []string{"*.distcp", "model.pt", "train.pt", "rank[0-9]*.pt", "model_and_optim", ".metadata"},
		problem: "is a native checkpoint of a trainer, not a Hugging Face model",
		hint:    "Run `hf2olmo check` to see whether the OLMo trainer loads it as it is.", folder: true},
	{patterns: []string{"*-rank-[0-9]*-part-[0-9]*", "*_rank_[0-9]*", "*.rank[0-9]*", "*_tp[0-9]*"},
		problem: "contains one file per rank of a run on several GPUs, each with a part of every tensor",
		hint:    "Gather the whole model and save it with save_pretrained, with the program that wrote these files."},
	{patterns: []string{"consolidated.*.pth", "consolidated*.safetensors"},
		problem: "contains the vendor's own format, not Hugging Face's",
		hint: "Download config.json and model.safetensors, or model.safetensors.index.json and its shards, " +
			"from the same repository or its \"-hf\" sister."},
	{patterns: []string{"*.gguf", "*.ggml"},
		problem: "contains GGUF weights, made for llama.cpp",
		hint:    "Download the original model that it was made from: its .safetensors or .bin files and config.json."},
	{patterns: []string{"tf_model*.h5", "model.h5", "flax_model*.msgpack", "model.ckpt*"},
		problem: "contains only TensorFlow or Flax weights",
		hint: "Download the repository's .safetensors or .bin files, or load the model in transformers " +
			"and save it with save_pretrained."},
	{patterns: []string{"*.onnx", "*.mlmodel", "*.tflite", "*.engine"},
		problem: "contains a model exported for inference, not its weights",
		hint:    "Download the original model: its .safetensors or .bin files and config.json."},
	{patterns: []string{"*.pth", "*.pt", "*.ckpt"},
		problem: "contains PyTorch files, but not under a name of Hugging Face's",
		hint:    "If one of them contains the whole model, put its config.json beside it and give that file.", folder: true},
}

// foreign says what the files of a folder are if they are not Hugging Face weights; nil if
// they are unknown.
func foreign(names map[string]bool) *fault.Fault { return strange(names, true) }

// foreignFile says what a file is by its name; nil if the name says nothing.
func foreignFile(name string) *fault.Fault { return strange(map[string]bool{name: true}, false) }

func strange(all map[string]bool, folder bool) *fault.Fault {
	names := sortedNames(all)
	for _, s := range strangers {
		var found []string
		for _, pattern := range s.patterns {
			if folder || !s.folder {
				found = append(found, matching(names, pattern)...)
			}
		}
		if len(found) > 0 {
			return &fault.Fault{Problem: s.problem, Found: listed(found, ""), Hint: s.hint}
		}
	}
	return nil
}

// companions are named like weights but contain a trainer's settings and state.
var companions = []string{
	"training_args.*", "optimizer*", "optim*", "scheduler*", "scaler*", "rng_state*", "random_states*",
	"trainer_state*", "recipe_state*", "dataloader*", "sampler*", "other.pt", "train.pt", "extra_state*",
}

// beside reports whether a file of this name is one that is saved beside weights and has none.
func beside(name string) bool {
	return slices.ContainsFunc(companions, func(pattern string) bool {
		ok, _ := path.Match(pattern, name)
		return ok
	})
}

func matching(names []string, pattern string) (found []string) {
	for _, name := range names {
		if ok, _ := path.Match(pattern, name); ok {
			found = append(found, name)
		}
	}
	return found
}

func sortedNames(names map[string]bool) []string { return slices.Sorted(maps.Keys(names)) }
