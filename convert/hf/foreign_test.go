package hf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What lies in a folder in place of Hugging Face weights, with config.json and without.
func TestForeign(t *testing.T) {
	const expectedNames = ": expected model.safetensors, model.safetensors.index.json, pytorch_model.bin or pytorch_model.bin.index.json"
	for _, c := range []struct {
		files string // beside config.json; none where it starts with "!"
		want  string
	}{
		{"adapter_model.safetensors", "DIR: is an adapter (PEFT, LoRA), not a whole model: found adapter_model.safetensors\n  Merge it into its base model first (peft's merge_and_unload, then save_pretrained) and convert the result.\n"},
		{"!adapter_config.json adapter_model.bin README.md", "DIR: is an adapter (PEFT, LoRA), not a whole model: found adapter_model.bin, adapter_config.json\n  Merge it into its base model first (peft's merge_and_unload, then save_pretrained) and convert the result.\n"},
		{"!consolidated.00.pth consolidated.01.pth params.json", "DIR: holds the vendor's own format, not Hugging Face's: found consolidated.00.pth, consolidated.01.pth\n  Download config.json and model.safetensors, or model.safetensors.index.json and its shards, from the same repository or its \"-hf\" sister.\n"},
		{"consolidated.safetensors", "DIR: holds the vendor's own format, not Hugging Face's: found consolidated.safetensors\n  Download config.json and model.safetensors, or model.safetensors.index.json and its shards, from the same repository or its \"-hf\" sister.\n"},
		{"!a.gguf b.gguf", "DIR: holds GGUF weights, made for llama.cpp: found a.gguf, b.gguf\n  Download the original model that it was made from: its .safetensors or .bin files and config.json.\n"},
		{"tf_model.h5 flax_model.msgpack", "DIR: holds TensorFlow or Flax weights only: found tf_model.h5, flax_model.msgpack\n  Download the repository's .safetensors or .bin files, or load the model in transformers and save it with save_pretrained.\n"},
		{"model.onnx", "DIR: holds a model exported for inference, not its weights: found model.onnx\n  Download the original model: its .safetensors or .bin files and config.json.\n"},
		{"!model.pt train.pt config.yaml", "DIR: is a native checkpoint of a trainer, not a Hugging Face model: found model.pt, train.pt\n  Run `hf2olmo check` to see whether the OLMo trainer loads it as it is.\n"},
		{"zero_to_fp32.py global_step100", "DIR: is a DeepSpeed checkpoint, not a Hugging Face model: found zero_to_fp32.py, global_step100\n  Merge it with its own zero_to_fp32.py into the folder that holds the model's config.json, and convert that.\n"},
		{"pytorch_model_fsdp.bin", "DIR: is a checkpoint of FSDP, not a Hugging Face model: found pytorch_model_fsdp.bin\n  Merge it with `accelerate merge-weights` into the folder that holds the model's config.json, and convert that.\n"},
		{"!.metadata model_and_optim", "DIR: is a native checkpoint of a trainer, not a Hugging Face model: found model_and_optim, .metadata\n  Run `hf2olmo check` to see whether the OLMo trainer loads it as it is.\n"},
		{"model.safetensors.incomplete", "DIR: is not downloaded to the end: found model.safetensors.incomplete\n  Run the same download again: it goes on where it stopped.\n"},
		{".cache/huggingface/download/a.incomplete", "DIR: is not downloaded to the end: found .cache/huggingface/download/a.incomplete\n  Run the same download again: it goes on where it stopped.\n"},
		{"best.ckpt", "DIR: holds PyTorch files, but not under a name of Hugging Face's: found best.ckpt\n  Save the model with transformers' save_pretrained, or download its .safetensors or .bin files.\n"},
		{"weights.safetensors training_args.bin", "DIR: holds no weights" + expectedNames + ", found weights.safetensors\n  If one of these files holds the whole model, give that file itself.\n"},
		{"model-00001-of-00001.safetensors", "DIR: holds no weights" + expectedNames + ", found model-00001-of-00001.safetensors\n  If one of these files holds the whole model, give that file itself.\n"},
		{"training_args.bin", "DIR: holds no weights" + expectedNames + hint(weights)},
		{"pytorch_model-00002-of-00002.bin", "pytorch_model.bin.index.json: is missing, though there are shards: found pytorch_model-00002-of-00002.bin" + hint("pytorch_model.bin.index.json")},
		{"!README.md", "DIR: holds neither config.json nor weights\n  Give the folder of a downloaded Hugging Face model.\n"},
		{"!a/config.json b/config.json c/README.md", "DIR: holds neither config.json nor weights: found folders of models: a, b\n  Give one of these folders, or several.\n"},
	} {
		dir := t.TempDir()
		files, bare := strings.CutPrefix(c.files, "!")
		if !bare {
			write(t, dir+"/config.json", "{}")
		}
		for _, name := range strings.Fields(files) {
			must(t, os.MkdirAll(filepath.Dir(dir+"/"+name), 0o777))
			write(t, dir+"/"+name, "x")
		}
		expectFaults(t, dir, dir, c.want)
	}
}

// A weights file that is given by itself.
func TestFileAlone(t *testing.T) {
	dir := copyModel(t, "single")
	must(t, os.Rename(dir+"/model.safetensors", dir+"/mine.safetensors"))
	m, err := Open(dir + "/mine.safetensors")
	must(t, err)
	if m.Name != "single" || m.Dir != dir || m.Files[0].Name != "mine.safetensors" || m.Tokenizer == nil {
		t.Errorf("%+v", m)
	}
	must(t, os.Rename(dir+"/mine.safetensors", dir+"/adapter_model.safetensors"))
	expectFaults(t, dir+"/adapter_model.safetensors", dir, "adapter_model.safetensors: is an adapter (PEFT, LoRA), not a whole model: found adapter_model.safetensors\n"+
		"  Merge it into its base model first (peft's merge_and_unload, then save_pretrained) and convert the result.\n")
	dir = copyModel(t, "sharded")
	expectFaults(t, dir+"/"+shard2, dir, shard2+": is one of several shards\n  Give the folder, or the index file.\n")
	dir = t.TempDir()
	write(t, dir+"/w.safetensors", read(t, "testdata/single/model.safetensors"))
	expectFaults(t, dir+"/w.safetensors", dir, "config.json: does not exist"+hint("config.json"))
}

// Links lead where people put their weights: into a cache, into a shared folder. They are
// followed unless NoFollow refuses those that lead out of the folder.
func TestLinkedWeights(t *testing.T) {
	dir := copyModel(t, "single")
	blobs := dir + "/../models--org--name/blobs"
	must(t, os.MkdirAll(blobs, 0o777))
	must(t, os.Rename(dir+"/model.safetensors", blobs+"/abc"))
	must(t, os.Symlink("../models--org--name/blobs/abc", dir+"/model.safetensors"))
	m, err := Open(dir)
	must(t, err)
	if m.Files[0].Size != 2472 || m.Files[0].Name != "model.safetensors" {
		t.Errorf("%+v", m.Files[0])
	}
	expectLinkOut(t, dir)
	must(t, os.Rename(blobs+"/abc", dir+"/big"))
	must(t, os.Remove(dir+"/model.safetensors"))
	must(t, os.Symlink("big", dir+"/model.safetensors"))
	if _, err := Open(dir, NoFollow); err != nil {
		t.Errorf("a link inside of the folder: %v", err)
	}
}

func expectLinkOut(t *testing.T, path string) {
	t.Helper()
	_, err := Open(path, NoFollow)
	if err == nil || !strings.Contains(err.Error(), "is a link that leads out of the folder") {
		t.Errorf("NoFollow: %v", err)
	}
}
