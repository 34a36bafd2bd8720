package hf_test

import (
	"os"
	"strings"
	"testing"

	"hf2olmo/convert/hf"
)

const anyModel = "\n  Give a folder, a weights file, or the id of a model in the Hugging Face cache.\n"

// notThere are paths and ids that name no model. MANY is a repository with two snapshots.
var notThere = map[string]string{
	"":                    "the model's name is empty" + anyModel,
	"/gone":               "/gone: does not exist\n",
	"./gone":              "./gone: does not exist\n",
	"~/gone":              "~/gone: does not exist\n",
	"a/b/c":               "a/b/c: does not exist\n",
	"a/":                  "a/: does not exist\n",
	"model.safetensors":   "model.safetensors: does not exist\n",
	"notes.txt/model.bin": "notes.txt/model.bin: does not exist\n",
	"broken":              "broken: is a link to gone, which does not exist\n",
	"a b":                 "a b: is neither a path that exists nor a hub id" + anyModel,
	"a/b--c":              "a/b--c: is neither a path that exists nor a hub id" + anyModel,
	"-rf":                 "-rf: is neither a path that exists nor a hub id" + anyModel,
	"@main":               "@main: is neither a path that exists nor a hub id" + anyModel,
	"/dev/null":           "/dev/null: is a device, not a model" + anyModel,
	"notes.txt": "notes.txt: is neither a folder nor a file of safetensors or PyTorch\n  Give the " +
		"folder that contains config.json and the weights.\n",
	"w.gguf": "w.gguf: contains GGUF weights, made for llama.cpp: found w.gguf\n  Download the " +
		"original model that it was made from: its .safetensors or .bin files and config.json.\n",
	"org/name": "org/name: is neither a path that exists nor a model in the Hugging Face cache " +
		"(looked for HOME/.cache/huggingface/hub/models--org--name)\n  Download it first: `hf download org/name`.\n",
	"org/name@v1": "org/name@v1: is neither a path that exists nor a model in the Hugging Face cache " +
		"(looked for HOME/.cache/huggingface/hub/models--org--name)\n  Download it first: `hf download org/name " +
		"--revision v1`.\n",
	"org/none": "HUB/models--org--none: contains no snapshot\n  Download it: `hf download org/none`.\n",
	"org/many": "HUB/models--org--many: contains several snapshots and no refs/main: found " + commit +
		", " + commit2 + "\n  Name one: org/name@commit, or give the snapshot's folder.\n",
	"MANY/snapshots": "HUB/models--org--many: contains several snapshots and no refs/main: found " + commit +
		", " + commit2 + "\n  Name one: org/name@commit, or give the snapshot's folder.\n",
	"org/many@1f2e": "HUB/models--org--many: revision 1f2e is not unique: found " + commit + ", " + commit2 +
		"\n  Give more of the commit's characters.\n",
	"org/many@v2": "HUB/models--org--many: revision v2 is not in the cache: found " + commit + ", " +
		commit2 + "\n  Download it: `hf download org/many --revision v2`.\n",
	"org/many@../../x": "HUB/models--org--many: revision ../../x is not in the cache: found " + commit + ", " +
		commit2 + "\n  Download it: `hf download org/many`.\n",
	"org/stale": "HUB/models--org--stale: snapshot " + commit2 + " is not in the cache: found " + commit +
		"\n  Download it: `hf download org/stale`.\n",
	"org/odd": "HUB/models--org--odd/refs/main: names no commit: \"../../..\"\n  Download it: `hf " +
		"download org/odd`.\n",
	".cache/huggingface/hub": ".cache/huggingface/hub: contains neither config.json nor weights: found folders of " +
		"models: models--org--many, models--org--none, models--org--odd, models--org--stale\n  Give one of these " +
		"folders, or several.\n",
}

func TestNotThere(t *testing.T) {
	home := t.TempDir()
	ownCache(t, home)
	hub := home + "/.cache/huggingface/hub"
	many := cacheModel(t, hub, "single", "org/many", commit)
	cacheModel(t, hub, "single", "org/many", commit2)
	stale := cacheModel(t, hub, "single", "org/stale", commit)
	write(t, stale+"/refs/main", commit2+"\n")
	odd := cacheModel(t, hub, "single", "org/odd", commit)
	write(t, odd+"/refs/main", "../../..")
	must(t, os.MkdirAll(hub+"/models--org--none/snapshots", 0o755))
	write(t, home+"/notes.txt", "x")
	write(t, home+"/w.gguf", "GGUF")
	must(t, os.Symlink("gone", home+"/broken"))
	t.Chdir(home)
	for path, want := range notThere {
		path = strings.ReplaceAll(path, "MANY", many)
		_, err := hf.Open(path)
		if err == nil {
			t.Errorf("%s: no error", path)
			continue
		}
		have := strings.ReplaceAll(shown(t, err, hub), "DIR/", "HUB/")
		if have = strings.ReplaceAll(have, home, "HOME"); have != strings.ReplaceAll(want, home,
			"HOME") && have != strings.ReplaceAll(want, "HOME/.cache/huggingface/hub/", "HUB/") {
			t.Errorf("%q:\nhave %swant %s", path, have, want)
		}
	}
}
