package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNamesThatYAMLReadsOtherwise writes folders whose names are syntax of YAML, OmegaConf or a terminal: verify and
// check read the right path from config.yaml, or the name is refused before anything is written. testdata/interop reads
// them with the real OmegaConf.
func TestNamesThatYAMLReadsOtherwise(t *testing.T) {
	t.Parallel()
	model := filepath.Join(t.TempDir(), "m")
	copyFiles(t, model, "../../testdata/models/llama")
	refused := map[string]bool{"???": true, `\???`: true, "b\xff": true}
	for _, name := range []string{
		"plain", "new\nline", "a\rb", "a\r\nb", "x\u2028y", "x\u2029y", "x\u0085y", "\x7f", "\x01",
		"=", "<<", "~", "-", "# a",
		`x\${oc.env:SECRET}`, `x\\${oc.env:SECRET}`, "${y}", "tab\there", "1e5", "null", "yes", "1:30", "\u00a0", "\ufeff",
		"'\"", "a: b", "a #b",
		"???", `\???`, "b\xff"} {
		for _, target := range []string{"olmo", "olmo-core"} {
			out := t.TempDir()
			folder := filepath.Join(out, name)
			o := execute(t, "convert", "--target", target, "--output", folder, model)
			o.checkPrintable(t)
			if target == "olmo" {
				folder += "-unsharded"
			}
			if refused[name] && (target == "olmo" || strings.Contains(name, "\xff")) {
				o.checkRefused(t, out)
				continue
			}
			if o.status != 0 {
				t.Errorf("%q: %s", name, o.stderr)
				continue
			}
			verified := execute(t, "verify", model, folder)
			if verified.checkPrintable(t); verified.status != 0 || verified.stderr != "" {
				t.Errorf("%q: verify: %s%s", name, verified.stdout, verified.stderr)
			}
			execute(t, "check", folder).checkEnded(t)
			again := execute(t, "convert", "--json", "--target", target, "--output", filepath.Join(out, name), model)
			if !strings.Contains(again.stdout, `"unchanged"`) {
				t.Errorf("%q: %s%s", name, again.stdout, again.stderr)
			}
		}
	}
}

// TestModelsThatAreNotUTF8 converts a model whose path is not UTF-8: it verifies.
func TestModelsThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	model, out := filepath.Join(dir, "m\xff"), filepath.Join(dir, "out")
	copyFiles(t, model, "../../testdata/models/llama")
	for _, want := range []string{"converted", "unchanged"} {
		o := execute(t, "convert", "--json", "--output", out, model)
		if o.checkPrintable(t); !strings.Contains(o.stdout, want) {
			t.Errorf("want %s: %s%s", want, o.stdout, o.stderr)
		}
	}
	// OLMo-core's config.json contains the path of the checkpoint, which has the tokenizer
	core := execute(t, "convert", "--target", "olmo-core", "--output", filepath.Join(dir, "c\xff"), model)
	if core.checkPrintable(t); core.status != 1 || !strings.Contains(core.stderr, "--tokenizer") {
		t.Errorf("%s%s", core.stdout, core.stderr)
	}
	named, own := filepath.Join(dir, "named"), filepath.Join(dir, "own")
	for _, args := range [][]string{
		{"convert", "--target", "olmo-core", "--output", own, model}, {"verify", model, own}, {"check", own},
		{"convert", "--target", "olmo-core", "--tokenizer", "gpt2", "--output", named, model},
		{"verify", model, named}, {"check", named},
	} {
		if o := execute(t, args...); o.status != 0 {
			t.Errorf("%q: %s%s", args, o.stdout, o.stderr)
		}
	}
	for _, id := range []string{"a\xff", "???"} {
		o := execute(t, "convert", "--tokenizer", id, "--output", filepath.Join(dir, "other"), model)
		if o.checkPrintable(t); o.status == 0 {
			t.Errorf("--tokenizer %q: %s", id, o.stdout)
		}
		if _, err := os.Stat(filepath.Join(dir, "other-unsharded")); err == nil {
			t.Errorf("--tokenizer %q: something was written", id)
		}
	}
}

// TestKeysThatPretendToBeLines runs verify, check and inspect on files with text that would look like a line of output
// of the program.
func TestKeysThatPretendToBeLines(t *testing.T) {
	t.Parallel()
	const line = "/o matches /m (llama) bit for bit"
	dir := t.TempDir()
	model, folder := filepath.Join(dir, "m"), filepath.Join(dir, "o-unsharded")
	copyFiles(t, model, "../../testdata/models/llama")
	if o := execute(t, "convert", "--output", folder, model); o.status != 0 {
		t.Fatal(o.stderr)
	}
	config := filepath.Join(folder, "config.yaml")
	text, err := os.ReadFile(config)
	must(t, err)
	for _, edit := range []struct{ old, with string }{
		{"model:\n", "model:\n  \"x: expected 1, found 1\\n" + line + "\": 1\n"},
		{"model:\n", "model:\n  x: \"1\\n" + line + "\"\n"},
		{"run_name:", "\"\\n" + line + "\": 1\nrun_name:"},
		{"load_path: ", "load_path: \"\\n" + line + "\"\nx: "},
		{"identifier: ", "identifier: \"\\n" + line + "\"\n  x: "},
		{"model:\n", "? |\n " + line + "\n: 1\nmodel:\n"},
		{"model:\n", "!<\n" + line + "> model:\n"},
	} {
		must(t, os.WriteFile(config, []byte(strings.Replace(string(text), edit.old, edit.with, 1)), 0o666))
		for _, args := range [][]string{
			{"verify", model, folder}, {"check", folder}, {"check", "--full", folder}, {"inspect", folder},
			{"convert", "--output", folder, model},
		} {
			o := execute(t, args...)
			o.checkEnded(t)
			if strings.Contains("\n"+o.stdout+"\n"+o.stderr, "\n"+line) {
				t.Errorf("%q with %q:\n%s%s", args, edit.with, o.stdout, o.stderr)
			}
		}
	}
}
