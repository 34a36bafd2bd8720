package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hostileFolders are converted checkpoints with one file replaced by the most expensive one for a reader.
var hostileFolders = map[string]struct {
	folder int // of goodFolders
	make   func(t *testing.T, dir string)
}{
	"config, commas":     {0, text("config.yaml", repeated("zz: [", ",", 1_900_000, "]\n"))},
	"config, items":      {0, text("config.yaml", repeated("zz: [", "a,", 99_000, "]\n"))},
	"config, keys":       {0, text("config.yaml", repeated("", "k%x: 1\n", 99_000, ""))},
	"config, fields":     {0, text("config.yaml", repeated("model:\n", " k%x: 1\n", 49_000, ""))},
	"config, merged":     {0, text("config.yaml", repeated("a: &a {b: 1}\nmodel:\n", " k%x: {<<: *a}\n", 19_000, ""))},
	"config, comments":   {0, text("config.yaml", repeated("# [[[[\n", "a: # x\n# ]\n", 33_000, ""))},
	"config, text":       {0, text("config.yaml", repeated("load_path: \"", `\\${`, 400_000, "\"\n"))},
	"config, evaluators": {0, text("config.yaml", repeated("evaluators:\n", "- {label: x%x}\n", 24_000, ""))},
	"config, hole":       {0, hole("config.yaml")},
	"model, hole":        {0, hole("model.pt")},
	"train, hole":        {0, hole("train.pt")},
	"tokenizer, hole":    {0, hole("tokenizer.json")},
	"manifest, hole":     {0, hole("hf2olmo.json")},
	"manifest, files": {0,
		text("hf2olmo.json", repeated(`{"format":2,"outputs":[{"name":"a"}`, `,{"name":"%x"}`, 100_000, "]}"))},
	"optimizer, hole":   {0, hole("optim.pt")},
	"optimizer, pickle": {0, text("optim.pt", repeated("\x80\x02}(", "K\x00]", 2_000_000, "u."))},
	"train, pickle":     {0, text("train.pt", repeated("\x80\x02](", "X\x01\x00\x00\x00a", 2_000_000, "e."))},
	"tokenizer, tokens": {0,
		tokenizerOf(`{"model":{"type":"WordLevel","unk_token":"","vocab":{"":0`, `,"%x":%x`, 590_000, "}}}")},
	"index, hole":       {1, hole(".metadata")},
	"inner index, hole": {1, hole("model_and_optim/.metadata")},
	"tensors, hole":     {1, hole("model_and_optim/__0_0.distcp")},
	"core config, hole": {1, hole("config.json")},
	"core config, text": {1, text("config.json", repeated(`{"model":{"a":"`, "xxxxxxxx", 100_000, `"}}`))},
	"core config, keys": {1, text("config.json", repeated(`{"model":{"":0`, `,"%x":0`, 90_000, `}}`))},
	"core config, deep": {1, text("config.json", repeated(`{"model":`, `{"a":`, 150_000, ``))},
}

// TestHostileFolders runs every command that reads a checkpoint on such folders.
func TestHostileFolders(t *testing.T) {
	good := goodFolders(t)
	model := "../../testdata/models/llama"
	t.Run("cases", func(t *testing.T) {
		for name, c := range hostileFolders {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				folder := filepath.Join(t.TempDir(), "x-unsharded")
				copyFiles(t, folder, good[c.folder])
				if name, _, _ := strings.Cut(name, ","); name == "optimizer" {
					must(t, os.WriteFile(filepath.Join(folder, "optim.pt"), nil, 0o666))
					config, err := os.ReadFile(filepath.Join(folder, "config.yaml"))
					must(t, err)
					with := strings.Replace(string(config), "reset_optimizer_state: true", "reset_optimizer_state: false", 1)
					must(t, os.WriteFile(filepath.Join(folder, "config.yaml"), []byte(with), 0o666))
				}
				c.make(t, folder)
				for _, args := range [][]string{
					{"check", "--full", folder}, {"check", "--json", folder}, {"inspect", "--stats", folder},
					{"verify", "--json", model, folder},
					{"convert", "--quiet", "--output", folder, model}, {"convert", "--json", "--dry-run", "--force", "--output",
						folder, model},
				} {
					execute(t, args...).checkEnded(t)
				}
			})
		}
	})
}

// TestHostileKeymaps runs convert and verify with the most expensive tables for a reader.
func TestHostileKeymaps(t *testing.T) {
	good := goodFolders(t)
	model := "../../testdata/models/llama"
	table := execute(t, "keymap", "llama").stdout
	for name, write := range map[string]func(w *bufio.Writer){
		"commas":   repeated(table+"\nzz: [", ",", 100_000, "]"),
		"keys":     repeated(table+"\nlet:\n", " k%x: 1\n", 9_000, ""),
		"brackets": repeated("# [[[[[[\n", "a: ]\n", 20_000, "b: "+strings.Repeat("[", 20_000)),
		"each": func(w *bufio.Writer) {
			w.WriteString(strings.ReplaceAll(table, "transformer.wte.weight: model.embed_tokens.weight",
				`transformer.wte.weight: {from: "x.{e}", shape: ["1", d_model], each: {e: "1000000 * d_model"}}`))
		},
		"expression": func(w *bufio.Writer) {
			head, _, _ := strings.Cut(table, "\nconfig:")
			fmt.Fprintf(w, "%s\n  - when: %s\n    because: x\n", head, strings.Repeat("(1+", 5000))
		},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "k.yaml")
		text("k.yaml", write)(t, dir)
		for _, args := range [][]string{
			{"convert", "--keymap", file, "--output", filepath.Join(dir, "o"), model},
			{"verify", "--keymap", file, model, good[0]},
		} {
			o := execute(t, args...)
			o.checkCost(t)
			o.checkPrintable(t)
			if o.status != 1 && o.status != 2 {
				t.Errorf("%s: %q: status %d\n%s", name, args, o.status, o.stderr)
			}
		}
	}
}
