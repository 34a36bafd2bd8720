package hf_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
)

// copyModel copies a folder of testdata, for a test to damage.
func copyModel(t *testing.T, folder string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), folder)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", folder))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shown returns faults as a user sees them, hints on lines of their own; dir is written DIR.
func shown(t *testing.T, err error, dir string) string {
	t.Helper()
	var list fault.List
	if !errors.As(err, &list) {
		t.Fatalf("not a fault.List: %#v", err)
	}
	var b strings.Builder
	for _, f := range list {
		b.WriteString(f.Error() + "\n")
		if f.Hint != "" {
			b.WriteString("  " + f.Hint + "\n")
		}
	}
	return strings.ReplaceAll(b.String(), dir, "DIR")
}

func expectFaults(t *testing.T, path, dir, want string) {
	t.Helper()
	m, err := hf.Open(path)
	if err == nil {
		t.Fatalf("no error, but %d tensors", len(m.Tensors))
	}
	if have := shown(t, err, dir); have != strings.TrimLeft(want, "\n") {
		t.Errorf("have:\n%swant:%s", have, want)
	}
}

const (
	pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
	again   = "\n  Download it again, for example with `hf download ORG/NAME %s --local-dir DIR`.\n"
	weights = "model.safetensors"
)

func hint(name string) string { return strings.ReplaceAll(again, "%s", name) }

// Each damage is done to a copy of testdata/single.
var damages = []struct {
	name   string
	damage func(t *testing.T, dir string)
	want   string
}{
	{"no config", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/config.json")) },
		"config.json: does not exist" + hint("config.json")},
	{"empty config", func(t *testing.T, dir string) { write(t, dir+"/config.json", "") },
		"config.json: is empty" + hint("config.json")},
	{"config is an LFS pointer", func(t *testing.T, dir string) { write(t, dir+"/config.json", pointer) },
		"config.json: is a Git LFS pointer, not the file itself\n  Run `git lfs pull` in the folder, or download the " +
			"model with `hf download`.\n"},
	{"config is a web page", func(t *testing.T, dir string) { write(t, dir+"/config.json", " \n<!DOCTYPE html><html>") },
		"config.json: is a web page (HTML) that was saved in place of the file" + hint("config.json")},
	{"config is an array", func(t *testing.T, dir string) { write(t, dir+"/config.json", "[1]") },
		"config.json: the JSON value is not an object at line 1, column 1\n"},
	{"config with a comma too many", func(t *testing.T, dir string) { write(t, dir+"/config.json", "{\n \"a\": 1,\n}") },
		"config.json: is not valid JSON: invalid character ',' at start of value at line 2, column 8\n  Download it " +
			"again, or save it as plain JSON in UTF-8, without a byte order mark or comments.\n"},
	{"config ends early", func(t *testing.T, dir string) { write(t, dir+"/config.json", "{\n \"a\": ") },
		"config.json: is not valid JSON: unexpected EOF at line 2, column 7\n  Download it again, or save it as plain " +
			"JSON in UTF-8, without a byte order mark or comments.\n"},
	{"config is blank", func(t *testing.T, dir string) { write(t, dir+"/config.json", " \n") },
		"config.json: is not valid JSON: there is nothing but white space\n  Download it again.\n"},
	{"config with a name twice", func(t *testing.T, dir string) {
		write(t, dir+"/config.json", "{\"a\": 1,\n\"b\": {\"c\": 1, \"c\": 2}}")
	},
		"config.json: name \"c\" appears twice, with different values at line 2, column 21\n"},
	{"config and more", func(t *testing.T, dir string) { write(t, dir+"/config.json", "{} {}") },
		"config.json: something follows the end of the JSON value at line 1, column 5\n"},
	{"config with a number of too many digits", func(t *testing.T, dir string) {
		write(t, dir+"/config.json", `{"a": 1`+strings.Repeat("0", 4300)+`}`)
	},
		"config.json: a whole number has 4301 digits: Python reads at most 4300 at line 1, column 4308\n"},
	{"config in Latin-1", func(t *testing.T, dir string) { write(t, dir+"/config.json", "{\"a\": \"caf\xe9\"}") },
		"config.json: is not valid UTF-8\n  Download it again, or save it in UTF-8.\n"},
	{"huge config", func(t *testing.T, dir string) {
		must(t, os.Truncate(dir+"/config.json", jsonfile.ConfigLimits.Bytes+1))
	},
		"config.json: is too large: expected at most 8388608 bytes, found 8388609 bytes\n"},
	{"config is a folder", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/config.json"))
		must(t, os.Mkdir(dir+"/config.json", 0o755))
	}, "config.json: is a folder, not a file\n"},

	{"no weights", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/"+weights)) },
		"DIR: contains no weights: expected model.safetensors, model.safetensors.index.json, pytorch_model.bin or " +
			"pytorch_model.bin.index.json" + hint(weights)},
	{"empty weights", func(t *testing.T, dir string) { write(t, dir+"/"+weights, "") }, weights + ": is empty" +
		hint(weights)},
	{"weights are an LFS pointer", func(t *testing.T, dir string) { write(t, dir+"/"+weights, pointer) },
		weights + ": is a Git LFS pointer, not the file itself\n  Run `git lfs pull` in the folder, or download the " +
			"model with `hf download`.\n"},
	{"weights cut short", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/"+weights, 2000)) },
		weights + ": is truncated: expected 2472 bytes, found 2000" + hint(weights)},
	{"weights cut in the header", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/"+weights, 600)) },
		weights + ": is truncated: expected at least 1144 bytes, found 600" + hint(weights)},
	{"weights with more behind", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/"+weights, 2473)) },
		weights + ": has bytes after its last tensor: expected 2472 bytes, found 2473" + hint(weights)},
	{"weights are a pipe", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/"+weights))
		must(t, syscall.Mkfifo(dir+"/"+weights, 0o644))
	}, weights + ": is a named pipe, not a file\n"},
	{"weights are a device", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/"+weights))
		must(t, os.Symlink("/dev/zero", dir+"/"+weights))
	}, weights + ": is a device, not a file\n"},
	{"weights are a socket", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/"+weights))
		t.Chdir(dir) // a socket's path has at most a hundred characters
		l, err := net.Listen("unix", weights)
		must(t, err)
		t.Cleanup(func() { l.Close() })
	}, weights + ": is a socket, not a file\n"},
	{"weights are a broken link", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/"+weights))
		must(t, os.Symlink("gone", dir+"/"+weights))
	}, weights + ": is a link to gone, which does not exist" + hint(weights)},
	{"weights are being downloaded", func(t *testing.T, dir string) { write(t, dir+"/"+weights+".aria2", "x") },
		weights + ": is not fully downloaded: model.safetensors.aria2 is beside it\n  Let aria2 finish, or " +
			"download the file again.\n"},
	{"weights are text", func(t *testing.T, dir string) { write(t, dir+"/"+weights, "Entry not found") },
		weights + ": is not a safetensors file: its first eight bytes are not the length of a header" + hint(weights)},
	{"weights are GGUF", func(t *testing.T, dir string) { write(t, dir+"/"+weights, "GGUF\x03\x00\x00\x00\x00") },
		weights + ": is a GGUF file, made for llama.cpp, neither safetensors nor PyTorch's format" + hint(weights)},
	{"fp8 weights", func(t *testing.T, dir string) { write(t, dir+"/"+weights, read(t, "testdata/fp8.safetensors")) },
		weights + ": v: dtype \"F8_E4M3\" cannot be read (2 tensors have it)\n  Use the model as it was before it was " +
			"quantized, in float32, bfloat16 or float16.\n"},

	{"tokenizer ends early", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/tokenizer.json", 1700)) },
		"tokenizer.json: is not valid JSON: unexpected EOF at line 92, column 5\n  Download it again, or save it as " +
			"plain JSON in UTF-8, without a byte order mark or comments.\n"},
	{"tokenizer without vocabulary", func(t *testing.T, dir string) { write(t, dir+"/tokenizer.json", `{"model": {}}`) },
		"tokenizer.json: model has no merges at line 1, column 13\n"},
	{"everything at once", func(t *testing.T, dir string) {
		write(t, dir+"/config.json", "nope")
		write(t, dir+"/tokenizer.json", "{}")
		write(t, dir+"/"+weights, "\x02\x00\x00\x00\x00\x00\x00\x00{}")
	}, "config.json: is not valid JSON: invalid character 'o' in literal null (expecting 'u') at line 1, column 2\n " +
		" Download it again, or save it as plain JSON in UTF-8, without a byte order mark or comments.\n" +
		weights + ": contains no tensors" + hint(weights) +
		"tokenizer.json: there is no model at line 1, column 3\n"},
}

func TestDamages(t *testing.T) {
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			dir := copyModel(t, "single")
			d.damage(t, dir)
			expectFaults(t, dir, dir, d.want)
		})
	}
}

func TestUnreadable(t *testing.T) {
	dir := copyModel(t, "single")
	must(t, os.Chmod(dir+"/config.json", 0))
	_, err := hf.Open(dir)
	if os.Geteuid() == 0 { // nothing is unreadable to root
		must(t, err)
		return
	}
	if have := shown(t, err, dir); have != "config.json: cannot be opened: permission denied\n" {
		t.Error(have)
	}
}
