package hf_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"hf2olmo/convert/hf"
)

// TestLike takes from another model what the weights do not have beside them, and nothing else.
func TestLike(t *testing.T) {
	const single = "testdata/single"
	whole, err := hf.Open(single)
	must(t, err)

	// A full state dict of accelerate, which has nothing beside it.
	dir := filepath.Join(t.TempDir(), "checkpoint-500")
	write(t, dir+"/pytorch_model_fsdp.bin", read(t, "testdata/bin/pytorch_model.bin"))
	m, err := hf.Open(dir, hf.Like(single))
	must(t, err)
	if m.Name != "checkpoint-500" || m.ConfigPath() != single+"/config.json" || filepath.Dir(m.Tokenizer.Path) != single {
		t.Errorf("%q %q %q", m.Name, m.ConfigPath(), filepath.Dir(m.Tokenizer.Path))
	}
	eos, ok := m.SpecialTokenID("eos")
	if !reflect.DeepEqual(m.Config, whole.Config) || !ok || eos != 8 ||
		m.Tokenizer.VocabSize != whole.Tokenizer.VocabSize {
		t.Errorf("%v, %d tokens, eos %d", m.Config, m.Tokenizer.VocabSize, eos)
	}

	// Its own config goes first, and the tokenizer comes from the other.
	write(t, dir+"/config.json", `{"own": true}`)
	m, err = hf.Open(dir, hf.Like(single))
	must(t, err)
	if m.Config["own"] != true || filepath.Dir(m.Tokenizer.Path) != single || m.ConfigPath() != dir+"/config.json" {
		t.Errorf("%v %s", m.Config, filepath.Dir(m.Tokenizer.Path))
	}

	// A model that needs nothing says so.
	m, err = hf.Open(single, hf.Like("testdata/bin"))
	must(t, err)
	want := []string{"--like testdata/bin is not used: it has no config.json or tokenizer that " + single + " lacks"}
	if !reflect.DeepEqual(m.Warnings, want) || filepath.Dir(m.Tokenizer.Path) != single {
		t.Errorf("%q", m.Warnings)
	}
	_, err = hf.Open(dir, hf.Like(dir+"/gone"))
	if have := shown(t, err, dir); have != "--like DIR/gone: does not exist\n" {
		t.Error(have)
	}

	// A folder without a config is none to take it from.
	bare, other := t.TempDir(), t.TempDir()
	write(t, bare+"/pytorch_model_fsdp.bin", read(t, "testdata/bin/pytorch_model.bin"))
	write(t, other+"/config.yaml", "model:\n")
	_, err = hf.Open(bare, hf.Like(other))
	if have := shown(t, err, other); have != "--like DIR: contains no config.json\n  Name the downloaded model that "+
		"was trained: its folder, or its id in the Hugging Face cache.\n" {
		t.Error(have)
	}
}

// The id of a model in the hub's cache names its tokenizer too.
func TestLikeOfTheCache(t *testing.T) {
	home := t.TempDir()
	ownCache(t, home)
	cacheModel(t, home+"/.cache/huggingface/hub", "single", "org/name", commit)
	dir := home + "/run"
	write(t, dir+"/pytorch_model_fsdp.bin", read(t, "testdata/bin/pytorch_model.bin"))
	m, err := hf.Open(dir, hf.Like("org/name"))
	must(t, err)
	if m.Repo != "org/name" || m.Tokenizer == nil || m.Name != "run" {
		t.Errorf("%q %q", m.Repo, m.Name)
	}
	_, err = hf.Open(dir, hf.Like("org/name"), hf.NoFollow) // a snapshot's links stay in its repository
	must(t, err)
	must(t, os.Remove(dir+"/pytorch_model_fsdp.bin"))
	expectFaults(t, dir, dir, "DIR: contains neither config.json nor weights\n"+
		"  Give the folder of a downloaded Hugging Face model.\n")
}
