package hf_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/hf"
)

const expectedNames = ": expected model.safetensors, model.safetensors.index.json, pytorch_model.bin or " +
	"pytorch_model.bin.index.json"

// foreignFolders are what is in a folder in place of Hugging Face weights.
var foreignFolders = []struct {
	files string // beside config.json; none where it starts with "!"
	want  string
}{
	{"adapter_model.safetensors", "DIR: is an adapter (PEFT, LoRA), not a whole model: found " +
		"adapter_model.safetensors\n  Merge it into its base model first (peft's merge_and_unload, then " +
		"save_pretrained) and convert the result.\n"},
	{"!adapter_config.json adapter_model.bin README.md", "DIR: is an adapter (PEFT, LoRA), not a whole model: " +
		"found adapter_model.bin, adapter_config.json\n  Merge it into its base model first (peft's merge_and_unload, " +
		"then save_pretrained) and convert the result.\n"},
	{"!consolidated.00.pth consolidated.01.pth params.json", "DIR: contains the vendor's own format, not Hugging " +
		"Face's: found consolidated.00.pth, consolidated.01.pth\n  Download config.json and model.safetensors, or " +
		"model.safetensors.index.json and its shards, from the same repository or its \"-hf\" sister.\n"},
	{"consolidated.safetensors", "DIR: contains the vendor's own format, not Hugging Face's: found " +
		"consolidated.safetensors\n  Download config.json and model.safetensors, or model.safetensors.index.json and " +
		"its shards, from the same repository or its \"-hf\" sister.\n"},
	{"!a.gguf b.gguf", "DIR: contains GGUF weights, made for llama.cpp: found a.gguf, b.gguf\n  Download the original " +
		"model that it was made from: its .safetensors or .bin files and config.json.\n"},
	{"tf_model.h5 flax_model.msgpack", "DIR: contains only TensorFlow or Flax weights: found tf_model.h5, " +
		"flax_model.msgpack\n  Download the repository's .safetensors or .bin files, or load the model in " +
		"transformers and save it with save_pretrained.\n"},
	{"model.onnx", "DIR: contains a model exported for inference, not its weights: found model.onnx\n  Download the " +
		"original model: its .safetensors or .bin files and config.json.\n"},
	{"!model.pt train.pt config.yaml", "DIR: is a native checkpoint of a trainer, not a Hugging Face model: found " +
		"model.pt, train.pt\n  Run `hf2olmo check` to see whether the OLMo trainer loads it as it is.\n"},
	{"zero_to_fp32.py global_step100", "DIR: is a DeepSpeed checkpoint, not a Hugging Face model: found " +
		"zero_to_fp32.py, global_step100\n  Run `python zero_to_fp32.py . MERGED` in the folder, put config.json and " +
		"tokenizer.json into MERGED, and convert that.\n"},
	{"global_step100", "DIR: is a DeepSpeed checkpoint, not a Hugging Face model: found global_step100\n  Merge it " +
		"with DeepSpeed's zero_to_fp32.py into the folder that contains the model's config.json, and convert that.\n"},
	{"pytorch_model_fsdp_0/x", "DIR: has an empty folder in place of a sharded model: found pytorch_model_fsdp_0\n " +
		" Copy the checkpoint again, all of it: each rank wrote its own file, perhaps on another machine.\n"},
	{"!actor/huggingface/config.json", "DIR: contains neither config.json nor weights: found folders of models: " +
		"actor\n  Give one of these folders, or several.\n"},
	{"latest_checkpointed_iteration.txt iter_0000010", "DIR: is a checkpoint of Megatron-LM or NeMo, not a Hugging " +
		"Face model: found latest_checkpointed_iteration.txt, iter_0000010\n  Export it to Hugging Face with that " +
		"program's own converter, and convert the result.\n"},
	{"model-rank-0-part-0.safetensors model-rank-1-part-0.safetensors", "DIR: contains one file per rank of a run on " +
		"several GPUs, each with a part of every tensor: found model-rank-0-part-0.safetensors, " +
		"model-rank-1-part-0.safetensors\n  Gather the whole model and save it with save_pretrained, with the " +
		"program that wrote these files.\n"},
	{"pytorch_model.bin/pytorch_model.bin", "pytorch_model.bin: is a folder, and the file is in it: found " +
		"pytorch_model.bin/pytorch_model.bin\n  Move it up, in the model's folder: mv pytorch_model.bin merged && mv " +
		"merged/* . (zero_to_fp32.py takes the name of a folder now).\n"},
	{"model.safetensors/model.safetensors.index.json", "model.safetensors: is a folder, and the file is in it: " +
		"found model.safetensors/model.safetensors.index.json\n  Move it up, in the model's folder: mv " +
		"model.safetensors merged && mv merged/* . (zero_to_fp32.py takes the name of a folder now).\n"},
	{"a.pt b.pth optimizer.pt rng_state_0.pth", "DIR: contains no weights" + expectedNames +
		", found a.pt, b.pth\n  If one of these files contains the whole model, give that file itself, such as DIR/a.pt.\n"},
	{"!.metadata model_and_optim", "DIR: is a native checkpoint of a trainer, not a Hugging Face model: found " +
		"model_and_optim, .metadata\n  Run `hf2olmo check` to see whether the OLMo trainer loads it as it is.\n"},
	{"model.safetensors.incomplete", "DIR: is not fully downloaded: found model.safetensors.incomplete\n  Run " +
		"the same download again: it goes on where it stopped.\n"},
	{".cache/huggingface/download/a.incomplete", "DIR: is not fully downloaded: found " +
		".cache/huggingface/download/a.incomplete\n  Run the same download again: it goes on where it stopped.\n"},
	{"training_args.bin", "DIR: contains no weights" + expectedNames + hint(weights)},
	{"pytorch_model-00002-of-00002.bin", "pytorch_model.bin.index.json: is missing, though there are shards: found " +
		"pytorch_model-00002-of-00002.bin" + hint("pytorch_model.bin.index.json")},
	{"!README.md", "DIR: contains neither config.json nor weights\n  Give the folder of a downloaded Hugging Face " +
		"model.\n"},
	{"!a/config.json b/config.json c/README.md", "DIR: contains neither config.json nor weights: found folders of " +
		"models: a, b\n  Give one of these folders, or several.\n"},
}

// TestForeign looks at such folders with config.json and without.
func TestForeign(t *testing.T) {
	for _, c := range foreignFolders {
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
	m, err := hf.Open(dir + "/mine.safetensors")
	must(t, err)
	if m.Name != "single" || m.Dir != dir || m.Files[0].Name != "mine.safetensors" || m.Tokenizer == nil {
		t.Errorf("%+v", m)
	}
	m, err = hf.Open(dir) // no other file can be the weights
	must(t, err)
	if len(m.Warnings) != 1 || !strings.HasPrefix(m.Warnings[0], "mine.safetensors is converted: ") {
		t.Errorf("%q", m.Warnings)
	}
	// The name may be anything, and is what is suspected if the tensors do not fit.
	for _, name := range []string{"adapter_model.safetensors", "mp_rank_00_model_states.pt", "abc"} {
		must(t, os.Rename(m.Files[0].Path, dir+"/"+name))
		m, err = hf.Open(dir + "/" + name)
		must(t, err)
		if len(m.Tensors) != 12 || (m.Suspect != nil) != (name != "abc") {
			t.Errorf("%s: %+v", name, m)
		}
	}
	dir = copyModel(t, "sharded")
	expectFaults(t, dir+"/"+shard2, dir, shard2+": is one of several shards\n  Give the folder, or the index file.\n")
	dir = t.TempDir()
	write(t, dir+"/w.safetensors", read(t, "testdata/single/model.safetensors"))
	expectFaults(t, dir+"/w.safetensors", dir, "config.json: does not exist\n  Put the model's config.json and "+
		"tokenizer.json beside the weights, or name the model that was trained with --like MODEL.\n")
	must(t, os.Mkdir(dir+"/pytorch_model.bin", 0o777))
	must(t, os.Rename(dir+"/w.safetensors", dir+"/pytorch_model.bin/pytorch_model.bin"))
	write(t, dir+"/config.json", "{}")
	expectFaults(t, dir+"/pytorch_model.bin", dir, "config.json: does not exist\n  There is one in DIR: put it and "+
		"tokenizer.json beside the weights.\n")
	dir = t.TempDir()
	write(t, dir+"/huggingface/config.json", "{}")
	write(t, dir+"/model_world_size_1_rank_0.pt", "PK")
	expectFaults(t, dir+"/model_world_size_1_rank_0.pt", dir,
		"DIR/model_world_size_1_rank_0.pt: is one part of a sharded model\n  Give the folder.\n")
}

// Links lead where people put their weights: into a cache, into a shared folder. They are
// followed unless NoFollow refuses those that lead out of the folder.
func TestLinkedWeights(t *testing.T) {
	dir := copyModel(t, "single")
	blobs := dir + "/../models--org--name/blobs"
	must(t, os.MkdirAll(blobs, 0o777))
	must(t, os.Rename(dir+"/model.safetensors", blobs+"/abc"))
	must(t, os.Symlink("../models--org--name/blobs/abc", dir+"/model.safetensors"))
	m, err := hf.Open(dir)
	must(t, err)
	if m.Files[0].Size != 2472 || m.Files[0].Name != "model.safetensors" {
		t.Errorf("%+v", m.Files[0])
	}
	expectLinkOut(t, dir)
	must(t, os.Rename(blobs+"/abc", dir+"/big"))
	must(t, os.Remove(dir+"/model.safetensors"))
	must(t, os.Symlink("big", dir+"/model.safetensors"))
	if _, err := hf.Open(dir, hf.NoFollow); err != nil {
		t.Errorf("a link inside of the folder: %v", err)
	}
}

func expectLinkOut(t *testing.T, path string) {
	t.Helper()
	_, err := hf.Open(path, hf.NoFollow)
	if err == nil || !strings.Contains(err.Error(), "is a link that points outside the folder") {
		t.Errorf("NoFollow: %v", err)
	}
}

// The field of config.json that names the weights goes before the names that transformers
// looks for, as in transformers, and must name a file of the folder.
func TestNamedWeights(t *testing.T) {
	dir := copyModel(t, "single")
	name := func(value string) {
		write(t, dir+"/config.json", `{"model_type": "llama", "transformers_weights": `+value+`}`)
	}
	must(t, os.Mkdir(dir+"/sub", 0o777))
	write(t, dir+"/sub/other.safetensors", read(t, "testdata/dtypes/model.safetensors"))
	for _, value := range []string{`"sub/other.safetensors"`, `"./sub/x/../other.safetensors"`, `"` + dir +
		`/sub/other.safetensors"`} {
		name(value)
		m, err := hf.Open(dir)
		must(t, err)
		l, err := hf.List(dir)
		must(t, err)
		if m.Files[0].Name != "sub/other.safetensors" || l.Entries[0].File.Name != "sub/other.safetensors" {
			t.Errorf("%s: %s, %s", value, m.Files[0].Name, l.Entries[0].File.Name)
		}
	}
	name("null")
	m, err := hf.Open(dir)
	must(t, err)
	if m.Files[0].Name != "model.safetensors" {
		t.Errorf("null: %s", m.Files[0].Name)
	}
	for value, want := range map[string]string{
		`"../x.safetensors"`: "outside of the folder", `"/etc/x.safetensors"`: "outside of the folder",
		`"x.safetensors"`: "does not exist", `"pytorch_model.bin"`: "neither a .safetensors file nor", `""`: "outside of",
		`7`:                 "is not the name of a file",
		`["x.safetensors"]`: "is not the name of a file: found [x.safetensors]",
	} {
		name(value)
		if _, err := hf.Open(dir); err == nil || !strings.Contains(err.Error(),
			"config.json: transformers_weights ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", value, err)
		}
	}
	copied := copyModel(t, "sharded")
	must(t, os.Rename(copied+"/"+indexName, copied+"/mine"+".safetensors.index.json"))
	write(t, copied+"/config.json", `{"transformers_weights": "mine.safetensors.index.json"}`)
	m, err = hf.Open(copied)
	must(t, err)
	if m.Index != "mine.safetensors.index.json" || len(m.Tensors) != 12 {
		t.Errorf("%+v", m)
	}
}
