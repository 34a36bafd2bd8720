package check_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"hf2olmo/convert/check"
)

// TestHostile damages every file of every kind of checkpoint in many ways: whatever
// comes out, the program goes on.
func TestHostile(t *testing.T) {
	for _, kind := range []string{"unsharded", "legacy", "new", "local"} {
		dir := fresh(t, kind, "")
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && e.Name() != "config.yaml" {
				damageEverywhere(t, dir, path)
			}
			return err
		})
		must(t, err)
	}
}

func damageEverywhere(t *testing.T, dir, path string) {
	data, err := os.ReadFile(path)
	must(t, err)
	defer os.WriteFile(path, data, 0o644)
	step := len(data)/4 + 1
	for at := 0; at < len(data); at += step {
		changed := bytes.Clone(data)
		changed[at] ^= 0xff
		for _, content := range [][]byte{data[:at], data[at:], changed} {
			must(t, os.WriteFile(path, content, 0o644))
			_, err := check.Folder(context.Background(), dir, check.Options{})
			must(t, err)
		}
	}
}

// TestStrangeFiles puts what is no regular file where files are read.
func TestStrangeFiles(t *testing.T) {
	for _, name := range []string{"model.pt", "optim.pt", "train.pt", "config.yaml", "model.safetensors"} {
		dir := fresh(t, "unsharded", "")
		path := filepath.Join(dir, name)
		os.Remove(path)
		must(t, syscall.Mkfifo(path, 0o644))
		if run(t, dir).Loads() {
			t.Errorf("loads with a pipe as %s", name)
		}
		must(t, os.Remove(path))
		must(t, os.Mkdir(path, 0o755))
		if run(t, dir).Loads() {
			t.Errorf("loads with a folder as %s", name)
		}
		must(t, os.Remove(path))
		must(t, os.Symlink(name, path))
		run(t, dir)
	}
}

// TestNotCheckpoints are folders of other kinds, and none.
func TestNotCheckpoints(t *testing.T) {
	parent := t.TempDir()
	for _, name := range []string{"step0", "step5-unsharded", "step12", "step12-unsharded", "step99-tmp", "latest"} {
		must(t, os.Mkdir(filepath.Join(parent, name), 0o755))
	}
	report := run(t, parent)
	expect(t, report, "run-folder", check.Error, "The latest is step12,")
	if report.Kind != check.Run {
		t.Errorf("kind: %s", report.Kind)
	}
	expect(t, run(t, t.TempDir()), "unknown", check.Error, "is empty")
	expect(t, run(t, filepath.Join(parent, "nothing")), "no-folder", check.Error, "no such folder")
	expect(t, run(t, filepath.Join(testdata, "models/olmo/config.json")), "no-folder", check.Error, "is a file")
	expect(t, run(t, filepath.Join(testdata, "models/olmo2")), "huggingface", check.Error, "hf2olmo convert")
	core := fresh(t, "new", "")
	all(remove("config.yaml"), write("config.json", "{}"), write(".metadata.json", "{}"))(t, core)
	expect(t, run(t, core), "olmo-core", check.Note, "OLMo-core")
	through := fresh(t, "new", "") // as OLMo-core's functions lay it out
	must(t, os.Rename(filepath.Join(through, "model_and_optim"), through+".parts"))
	must(t, os.CopyFS(through, os.DirFS(through+".parts")))
	edit("config.yaml", "\nsharded_checkpointer: torch_new", "\nsharded_checkpointer: olmo_core")(t, through)
	if report := run(t, through); report.Kind != check.Core || !report.Loads() {
		t.Errorf("olmo_core: %s %+v", report.Kind, report.Findings)
	}
}

// TestEarlierNames are of checkpoints with one norm for two, which the trainer still reads.
func TestEarlierNames(t *testing.T) {
	dir := fresh(t, "unsharded", "")
	all(remove("optim.pt"), edit("config.yaml", "reset_optimizer_state: false", "reset_optimizer_state: true"),
		weigh(func(list []held) []held {
			var kept []held
			for _, h := range list {
				switch h.name {
				case "transformer.blocks.0.ff_norm.weight":
					continue
				case "transformer.blocks.0.attn_norm.weight":
					h.name = "transformer.blocks.0.norm.weight"
				}
				kept = append(kept, h)
			}
			return kept
		}))(t, dir)
	expect(t, run(t, dir), "", check.Note, "")
}
