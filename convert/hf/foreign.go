package hf

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"

	"hf2olmo/convert/fault"
)

// strangers are the forms in which models lie about that are not Hugging Face
// weights, the most telling first.
var strangers = []struct {
	patterns []string
	problem  string
	hint     string
}{
	{[]string{"adapter_model.safetensors", "adapter_model.bin", "adapter_config.json"},
		"is an adapter (PEFT, LoRA), not a whole model",
		"Merge it into its base model first (peft's merge_and_unload, then save_pretrained) and convert the result."},
	{[]string{"zero_to_fp32.py", "global_step*", "mp_rank_*_model_states.pt", "*_optim_states.pt"},
		"is a DeepSpeed checkpoint, not a Hugging Face model",
		"Merge it with its own zero_to_fp32.py into the folder that holds the model's config.json, and convert that."},
	{[]string{"pytorch_model_fsdp*"},
		"is a checkpoint of FSDP, not a Hugging Face model",
		"Merge it with `accelerate merge-weights` into the folder that holds the model's config.json, and convert that."},
	{[]string{"*.distcp", "model.pt", "train.pt", "model_and_optim", ".metadata"},
		"is a native checkpoint of a trainer, not a Hugging Face model",
		"Run `hf2olmo check` to see whether the OLMo trainer loads it as it is."},
	{[]string{"consolidated.*.pth", "consolidated*.safetensors"},
		"holds the vendor's own format, not Hugging Face's",
		"Download config.json and model.safetensors, or model.safetensors.index.json and its shards, from the same repository or its \"-hf\" sister."},
	{[]string{"*.gguf", "*.ggml"},
		"holds GGUF weights, made for llama.cpp",
		"Download the original model that it was made from: its .safetensors or .bin files and config.json."},
	{[]string{"tf_model*.h5", "flax_model*.msgpack", "model.ckpt*"},
		"holds TensorFlow or Flax weights only",
		"Download the repository's .safetensors or .bin files, or load the model in transformers and save it with save_pretrained."},
	{[]string{"*.onnx", "*.mlmodel", "*.tflite", "*.engine"},
		"holds a model exported for inference, not its weights",
		"Download the original model: its .safetensors or .bin files and config.json."},
	{[]string{"*.pth", "*.pt", "*.ckpt"},
		"holds PyTorch files, but not under a name of Hugging Face's",
		"Save the model with transformers' save_pretrained, or download its .safetensors or .bin files."},
}

// foreign says what the files are where they are no Hugging Face weights, nil where they are unknown.
func foreign(names map[string]bool) *fault.Fault {
	for _, s := range strangers {
		var found []string
		for _, pattern := range s.patterns {
			found = append(found, matching(names, pattern)...)
		}
		if len(found) > 0 {
			return &fault.Fault{Problem: s.problem, Found: listed(found, ""), Hint: s.hint}
		}
	}
	return nil
}

// shard matches the name of one of several weights files; the last two groups count them.
var shard = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})(\.safetensors|\.bin)$`)

// noWeights says what to do with a folder that has a config but none of the names that transformers looks for.
func (o *opening) noWeights() *fault.Fault {
	var others []string
	for _, name := range sorted(o.names) {
		parts := shard.FindStringSubmatch(name)
		if parts != nil && parts[3] != "00001" {
			index := parts[1] + parts[4] + ".index.json"
			return &fault.Fault{File: index, Problem: "is missing, though there are shards", Found: name, Hint: o.download(index)}
		}
		if isWeightsName(name) && !beside[name] {
			others = append(others, name)
		}
	}
	if f := o.unfinished(); f != nil {
		return f
	}
	if f := foreign(o.names); f != nil {
		f.File = o.dir
		return f
	}
	f := &fault.Fault{File: o.dir, Problem: "holds no weights",
		Expected: "model.safetensors, model.safetensors.index.json, pytorch_model.bin or pytorch_model.bin.index.json",
		Hint:     o.download("model.safetensors")}
	if len(others) > 0 {
		f.Found = listed(others, "")
		f.Hint = "If one of these files holds the whole model, give that file itself."
	}
	return f
}

// unfinished are what programs call a file that they have not downloaded to its end;
// huggingface_hub keeps them out of sight where it downloads into a folder.
var unfinished = []string{"*.incomplete", "*.part", "*.crdownload", "*.aria2", "*.download"}

const hiddenDownloads = ".cache/huggingface/download"

// unfinished says that there are no weights because they are still to come.
func (o *opening) unfinished() *fault.Fault {
	hidden := map[string]bool{}
	entries, _ := os.ReadDir(filepath.Join(o.dir, hiddenDownloads)) // seldom there
	for _, e := range entries {
		hidden[hiddenDownloads+"/"+e.Name()] = true
	}
	var found []string
	for _, ending := range unfinished {
		found = append(found, matching(o.names, ending)...)
		found = append(found, matching(hidden, hiddenDownloads+"/"+ending)...)
	}
	if len(found) == 0 {
		return nil
	}
	return &fault.Fault{File: o.dir, Problem: "is not downloaded to the end", Found: listed(found, ""),
		Hint: "Run the same download again: it goes on where it stopped."}
}

// beside are files that end like weights but hold a trainer's settings and state.
var beside = map[string]bool{
	"training_args.bin": true, "optimizer.bin": true, "scheduler.bin": true,
}

func matching(names map[string]bool, pattern string) (found []string) {
	for _, name := range sorted(names) {
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
