package hf

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

// A stranger is a form in which models lie about that is not Hugging Face weights.
type stranger struct {
	patterns []string
	problem  string
	hint     string
	folder   bool // the patterns say so of a folder only: a file of such a name may be anything
}

// strangers are all of them, the most telling first.
var strangers = []stranger{
	{patterns: []string{"adapter_model.safetensors", "adapter_model.bin", "adapter_config.json"},
		problem: "is an adapter (PEFT, LoRA), not a whole model",
		hint: "Merge it into its base model first (peft's merge_and_unload, then save_pretrained) " +
			"and convert the result."},
	{patterns: []string{"model_world_size_*_rank_*.pt"},
		problem: "is verl's checkpoint of an actor or critic, one file per rank, not a Hugging Face model",
		hint: "Merge it with verl's model_merger and convert the result: " +
			"`python -m verl.model_merger merge --backend fsdp --local_dir THIS_FOLDER --target_dir MERGED`."},
	{patterns: []string{"zero_to_fp32.py", "global_step*", "*mp_rank_*_model_states.pt", "*_optim_states.pt"},
		problem: "is a DeepSpeed checkpoint, not a Hugging Face model",
		hint: "Merge it with DeepSpeed's zero_to_fp32.py into the folder that holds the model's config.json, " +
			"and convert that."},
	{patterns: []string{"pytorch_model_fsdp_[0-9]*"},
		problem: "is a checkpoint of FSDP in shards, not a Hugging Face model",
		hint: "Merge it with `accelerate merge-weights` into the folder that holds the model's config.json, " +
			"and convert that."},
	{patterns: []string{
		"latest_checkpointed_iteration.txt", "iter_[0-9]*", "model_optim_rng.pt", "mp_rank_[0-9]*", "*.nemo"},
		problem: "is a checkpoint of Megatron-LM or NeMo, not a Hugging Face model",
		hint:    "Export it to Hugging Face with that program's own converter, and convert the result."},
	{patterns: []string{"*.distcp", "model.pt", "train.pt", "rank[0-9]*.pt", "model_and_optim", ".metadata"},
		problem: "is a native checkpoint of a trainer, not a Hugging Face model",
		hint:    "Run `hf2olmo check` to see whether the OLMo trainer loads it as it is.", folder: true},
	{patterns: []string{"*-rank-[0-9]*-part-[0-9]*", "*_rank_[0-9]*", "*.rank[0-9]*", "*_tp[0-9]*"},
		problem: "holds one file per rank of a run on several GPUs, each with a part of every tensor",
		hint:    "Gather the whole model and save it with save_pretrained, with the program that wrote these files."},
	{patterns: []string{"consolidated.*.pth", "consolidated*.safetensors"},
		problem: "holds the vendor's own format, not Hugging Face's",
		hint: "Download config.json and model.safetensors, or model.safetensors.index.json and its shards, " +
			"from the same repository or its \"-hf\" sister."},
	{patterns: []string{"*.gguf", "*.ggml"},
		problem: "holds GGUF weights, made for llama.cpp",
		hint:    "Download the original model that it was made from: its .safetensors or .bin files and config.json."},
	{patterns: []string{"tf_model*.h5", "model.h5", "flax_model*.msgpack", "model.ckpt*"},
		problem: "holds TensorFlow or Flax weights only",
		hint: "Download the repository's .safetensors or .bin files, or load the model in transformers " +
			"and save it with save_pretrained."},
	{patterns: []string{"*.onnx", "*.mlmodel", "*.tflite", "*.engine"},
		problem: "holds a model exported for inference, not its weights",
		hint:    "Download the original model: its .safetensors or .bin files and config.json."},
	{patterns: []string{"*.pth", "*.pt", "*.ckpt"},
		problem: "holds PyTorch files, but not under a name of Hugging Face's",
		hint:    "If one of them holds the whole model, put its config.json beside it and give that file.", folder: true},
}

// foreign says what the files of a folder are where they are no Hugging Face weights, nil
// where they are unknown.
func foreign(names map[string]bool) *fault.Fault { return strange(names, true) }

// foreignFile says what a file is by its name, nil where the name says nothing.
func foreignFile(name string) *fault.Fault { return strange(map[string]bool{name: true}, false) }

func strange(all map[string]bool, folder bool) *fault.Fault {
	names := sorted(all)
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

// inFolder is foreign with what else lies in the folder: the script that merges it, or
// the model itself, which some programs save in a folder inside.
func (o *opening) inFolder() *fault.Fault {
	f := foreign(o.names)
	if f == nil {
		return nil
	}
	f.File = o.dir
	if o.names[zeroScript] {
		f.Hint = RunZeroScript
	}
	if inner := filepath.Join(o.dir, innerFolder); o.names[innerFolder] && holdsWeights(inner) {
		f.Hint = "The whole model lies in the folder inside: give " + inner + "."
	}
	return f
}

// RunZeroScript is what to do where DeepSpeed's zero_to_fp32.py lies in the folder.
const RunZeroScript = "Run `python zero_to_fp32.py . MERGED` in the folder, put config.json and tokenizer.json " +
	"into MERGED, and convert that."

// above says what the folder above is if this one is the part of it that has no weights.
func (o *opening) above() *fault.Fault {
	if filepath.Base(o.dir) != innerFolder {
		return nil
	}
	up := &opening{place: place{dir: filepath.Dir(o.dir)}}
	if up.list() != nil {
		return nil
	}
	return up.inFolder()
}

const (
	zeroScript  = "zero_to_fp32.py" // DeepSpeed puts it beside its checkpoints
	innerFolder = "huggingface"     // verl puts config and tokenizer there, and the weights if it is asked to
)

// holdsWeights reports whether a folder has a file that transformers would load.
func holdsWeights(dir string) bool {
	return slices.ContainsFunc(precedence, func(name string) bool { return regular.Is(filepath.Join(dir, name)) })
}

// shard matches the name of one of several weights files; the last two groups count them.
var shard = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})(\.safetensors|\.bin)$`)

// noWeights says what to do with a folder that has none of the names that transformers
// looks for; nil where exactly one other file may be the weights.
func (o *opening) noWeights() *fault.Fault {
	found := o.candidates()
	for _, name := range sorted(o.names) {
		parts := shard.FindStringSubmatch(name)
		if parts != nil && parts[3] != "00001" && len(found) == 0 {
			index := parts[1] + parts[4] + indexEnding
			return &fault.Fault{File: index, Problem: "is missing, though there are shards", Found: name, Hint: o.download(index)}
		}
	}
	if f := o.unfinished(); f != nil {
		return f
	}
	for _, name := range precedence {
		if o.names[name] {
			return o.folderNamed(name)
		}
	}
	if len(found) == 1 {
		return nil
	}
	if f := o.inFolder(); f != nil && len(found) == 0 {
		return f
	}
	if f := o.above(); f != nil && len(found) == 0 {
		return f
	}
	f := &fault.Fault{File: o.dir, Problem: "holds no weights", Hint: o.download(precedence[0]),
		Expected: strings.Join(precedence[:3], ", ") + " or " + precedence[3]}
	if len(found) > 0 {
		f.Found = listed(found, "")
		f.Hint = "If one of these files holds the whole model, give that file itself, such as " +
			filepath.Join(o.dir, found[0]) + "."
	}
	return f
}

// folderNamed is the fault of a folder under the name of a weights file, as zero_to_fp32.py
// of newer DeepSpeed makes where an older one made the file.
func (o *opening) folderNamed(name string) *fault.Fault {
	f := &fault.Fault{File: name, Problem: "is a folder, not a file"}
	inner := filepath.Join(o.dir, name)
	for _, inside := range precedence {
		if regular.Is(filepath.Join(inner, inside)) {
			f.Problem = "is a folder, and the file lies in it"
			f.Found = filepath.Join(name, inside)
			f.Hint = "Move it up, in the model's folder: mv " + name + " merged && mv merged/* . " +
				"(zero_to_fp32.py takes the name of a folder now)."
			return f
		}
	}
	return f
}

// companions end like weights but hold a trainer's settings and state.
var companions = []string{
	"training_args.*", "optimizer*", "optim*", "scheduler*", "scaler*", "rng_state*", "random_states*",
	"trainer_state*", "recipe_state*", "dataloader*", "sampler*", "other.pt", "train.pt", "extra_state*",
}

// beside reports whether a file of this name lies beside weights and holds none.
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

func sorted(names map[string]bool) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}
