package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/folder"
)

// oldOutput puts an output of an earlier version and its source into a new folder, as if they had been written there:
// git keeps neither times nor paths.
func oldOutput(t *testing.T, format, name string) (source, output string) {
	t.Helper()
	return oldOutputOf(t, "../../testdata/models/llama", "llama", format, name)
}

// oldOutputOf is oldOutput for what was made of a model that was called so.
func oldOutputOf(t *testing.T, model, called, format, name string) (source, output string) {
	t.Helper()
	dir := t.TempDir()
	source, output = filepath.Join(dir, "models", called), filepath.Join(dir, name)
	copyFiles(t, source, model)
	copyFiles(t, output, filepath.Join("../../testdata/formats", format, name))
	sizes := map[string]string{}
	for _, file := range []string{"config.yaml", "config.json", folder.ManifestFile} {
		path := filepath.Join(output, file)
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		moved := strings.ReplaceAll(string(text), "/home/me", dir)
		size := func(text string) string { return fmt.Sprintf("%q,\n      \"size\": %d", file, len(text)) }
		sizes[size(string(text))] = size(moved)
		if file == folder.ManifestFile {
			for was, is := range sizes {
				moved = strings.ReplaceAll(moved, was, is)
			}
		}
		must(t, os.WriteFile(path, []byte(moved), 0o666))
	}
	m := folder.ReadManifest(output)
	for at, states := range map[string][]folder.State{source: m.Sources, output: m.Outputs} {
		for _, s := range states {
			if s.ModTime != nil {
				must(t, os.Chtimes(filepath.Join(at, s.Name), *s.ModTime, *s.ModTime))
			}
		}
	}
	return source, output
}

// TestOlderFormat: what an earlier version wrote is up to date, verifies, passes check, and is replaced with --force.
// Its config counts as edited, so one that differs from what is written now is kept.
func TestOlderFormat(t *testing.T) {
	for _, version := range []string{"1", "1.0.0"} { // the first format, the first release
		t.Run(version, func(t *testing.T) { tryOlder(t, version) })
	}
}

func tryOlder(t *testing.T, version string) {
	for target, test := range map[string]struct{ output, config, large string }{
		"olmo":      {"olmo-unsharded", "config.yaml", "model.pt"},
		"olmo-core": {"olmo-core", "config.json", "model_and_optim/__0_0.distcp"},
	} {
		source, output := oldOutput(t, version, test.output)
		run := func(status int, want string, args ...string) {
			t.Helper()
			o := execute(t, args...)
			if o.status != status || !strings.Contains(o.stdout+o.stderr, want) {
				t.Errorf("%s: %q: status %d, want %q\n%s%s", target, args, o.status, want, o.stdout, o.stderr)
			}
		}
		convert := []string{"convert", "--target", target, "--output", output, source}
		if target == "olmo-core" { // else its config contains the path of the model
			convert = append(convert, "--tokenizer", "org/llama")
		}
		force := append(convert, "--force")
		run(0, "unchanged", convert...)
		if version == "1" && target == "olmo-core" { // before there was a train.py
			run(0, "a version that wrote no train.py", convert...)
			run(0, "or newer, in a script of your own:", convert...)
		}
		run(0, "bit for bit", "verify", source, output)
		run(0, "would load", "check", output)

		must(t, os.Truncate(filepath.Join(output, test.large), 1000))
		run(1, test.large+": has 1000 bytes, but hf2olmo wrote", force...)
		source, output2 := oldOutput(t, version, test.output)
		convert[4], force[4] = output2, output2
		convert[5], force[5] = source, source
		config := filepath.Join(output2, test.config)
		edited, err := os.ReadFile(config)
		must(t, err)
		edited = append(edited, '\n')
		must(t, os.WriteFile(config, edited, 0o666))
		run(0, test.config+" of the older output is kept as "+test.config+".bak", force...)
		if kept, err := os.ReadFile(config + ".bak"); err != nil || string(kept) != string(edited) {
			t.Errorf("%s: %q, %v", target, kept, err)
		}
		run(0, "unchanged", convert...)
		if m := folder.ReadManifest(output2); m.Format != folder.ManifestFormat {
			t.Errorf("%s: format %d", target, m.Format)
		}
		foreign := map[string]string{"olmo": "config.json", "olmo-core": "config.yaml"}[target]
		must(t, os.WriteFile(filepath.Join(output, foreign), nil, 0o666))
		force[4] = output
		run(1, "contains "+foreign+", which hf2olmo did not write", force...)
	}
}

// TestEarlierSpelling: a config.json for OLMo-core 2.5 and newer alone, with the same model in it, is up to date.
func TestEarlierSpelling(t *testing.T) {
	source, output := oldOutput(t, "2", "olmo-core")
	for want, args := range map[string][]string{
		"unchanged":   {"convert", "--target", "olmo-core", "--tokenizer", "org/llama", "--output", output, source},
		"bit for bit": {"verify", source, output},
		"would load":  {"check", output},
	} {
		if o := execute(t, args...); o.status != 0 || !strings.Contains(o.stdout, want) {
			t.Errorf("%q: status %d, want %q\n%s%s", args, o.status, want, o.stdout, o.stderr)
		}
	}
	config := filepath.Join(output, "config.json")
	text, err := os.ReadFile(config)
	must(t, err)
	must(t, os.WriteFile(config, []byte(strings.Replace(string(text), `"head_dim": 4`, `"head_dim": 8`, 1)), 0o666))
	for want, args := range map[string][]string{
		"config.json has different contents": {"convert", "--target", "olmo-core", "--tokenizer", "org/llama", "--output",
			output, source},
		"sequence_mixer.head_dim: expected 4, found 8": {"verify", source, output},
	} {
		if o := execute(t, args...); o.status != 1 || !strings.Contains(o.stdout+o.stderr, want) {
			t.Errorf("%q: status %d, want %q\n%s%s", args, o.status, want, o.stdout, o.stderr)
		}
	}
}

// TestOlderLayout: a folder in which no tensor is at the place of a block that it has in its source is up to date,
// verifies bit for bit, padding included, and is written in today's layout with --force.
func TestOlderLayout(t *testing.T) {
	for name, test := range map[string]struct {
		flags []string
		large string
	}{
		"large-unsharded": {[]string{"--target", "olmo"}, "model.pt"},
		"large-core":      {[]string{"--target", "olmo-core", "--tokenizer", "org/llama"}, "model_and_optim/__0_0.distcp"},
	} {
		source, output := oldOutputOf(t, "../../testdata/formats/2/model", "large", "2", name)
		run := func(status int, want string, args ...string) {
			t.Helper()
			o := execute(t, args...)
			if o.status != status || !strings.Contains(o.stdout+o.stderr, want) {
				t.Errorf("%s: %q: status %d, want %q\n%s%s", name, args, o.status, want, o.stdout, o.stderr)
			}
		}
		convert := append([]string{"convert", "--output", output, source}, test.flags...)
		run(0, "unchanged", convert...)
		run(0, "bit for bit", "verify", source, output)
		path := filepath.Join(output, filepath.FromSlash(test.large))
		data, err := os.ReadFile(path)
		must(t, err)
		damaged, padding := bytes.Clone(data), bytes.Index(data, []byte("ZZZZ"))
		for i := padding; damaged[i] == 'Z'; i++ {
			damaged[i] = 0 // which other readers take for padding too
		}
		must(t, os.WriteFile(path, damaged, 0o666))
		run(1, fmt.Sprintf("byte %d: the file's structure", padding), "verify", source, output)
		must(t, os.WriteFile(path, data, 0o666))
		run(0, "(llama) →", append(convert, "--force")...)
		aligned, err := os.ReadFile(path)
		must(t, err)
		if m := folder.ReadManifest(output); m.Layout != folder.ManifestLayout || bytes.Equal(aligned, data) {
			t.Errorf("%s: layout %d", name, m.Layout)
		}
		run(0, "unchanged", convert...)
		run(0, "bit for bit", "verify", source, output)
	}
}
