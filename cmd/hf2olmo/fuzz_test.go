package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// parts are the files that FuzzProgram replaces: of which model, and which file.
var parts = []struct{ model, file string }{
	{"llama", "config.json"},
	{"llama", "model.safetensors"},
	{"llama", "tokenizer.json"},
	{"olmo2-sharded", "model.safetensors.index.json"},
	{"llama-bin", "pytorch_model.bin"},
	{"hf_olmo", "config.json"},
	{"llama", "generation_config.json"},
	{"llama", "tokenizer_config.json"},
	{"llama", "special_tokens_map.json"},
}

// FuzzProgram runs the whole program on a model with an arbitrary file: it ends soon, with status 0 or 1, and prints
// nothing that a terminal acts on; it writes nothing or a whole output, which passes check and verify.
func FuzzProgram(f *testing.F) {
	for i, p := range parts {
		if text, err := os.ReadFile(filepath.Join("../../testdata/models", p.model, p.file)); err == nil {
			f.Add(byte(i), text)
		}
	}
	for _, name := range []string{"pickle-system-global", "zip-overlap", "legacy-count-2-63", "expanded-bomb"} {
		text, err := os.ReadFile(filepath.Join(hostile, "cases", name, "pytorch_model.bin"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(4), text)
	}
	dir := f.TempDir()
	for _, p := range parts {
		copyFiles(f, filepath.Join(dir, "good", p.model), filepath.Join("../../testdata/models", p.model))
	}
	f.Fuzz(func(t *testing.T, part byte, text []byte) {
		p := parts[int(part)%len(parts)]
		model, out := filepath.Join(dir, "model"), filepath.Join(dir, "out")
		must(t, os.RemoveAll(model))
		must(t, os.RemoveAll(out))
		must(t, os.CopyFS(model, os.DirFS(filepath.Join(dir, "good", p.model))))
		must(t, os.WriteFile(filepath.Join(model, p.file), text, 0o666))
		must(t, os.Mkdir(out, 0o777))
		status := runHere(t, "convert", "--into", out, model)
		left := names(t, out)
		if status == 1 && left != "" || status == 0 && left != "model-unsharded" {
			t.Errorf("status %d left %q", status, left)
		}
		if around := names(t, dir); around != "good model out" {
			t.Errorf("wrote outside of the output: %q", around)
		}
		runHere(t, "inspect", model)
		if status != 0 {
			return
		}
		folder := filepath.Join(out, "model-unsharded")
		if status := runHere(t, "verify", model, folder); status != 0 {
			t.Errorf("verify: status %d", status)
		}
		runHere(t, "check", folder)
		runHere(t, "inspect", folder)
	})
}

// checkpointFiles are the files that FuzzCheckpoint replaces.
var checkpointFiles = []string{
	"config.yaml", "model.pt", "train.pt", "tokenizer.json", "hf2olmo.json", "optim.pt", "model.safetensors",
}

// FuzzCheckpoint runs check, verify, inspect and convert on a checkpoint folder with an arbitrary file.
func FuzzCheckpoint(f *testing.F) {
	dir := f.TempDir()
	model, err := filepath.Abs("../../testdata/models/llama")
	must(f, err)
	good, folder := filepath.Join(dir, "good-unsharded"), filepath.Join(dir, "x-unsharded")
	status := run([]string{"hf2olmo", "convert", "--quiet", "--output", good, model}, io.Discard, io.Discard)
	if status != 0 {
		f.Fatal("status ", status)
	}
	for i, name := range checkpointFiles {
		if text, err := os.ReadFile(filepath.Join(good, name)); err == nil {
			f.Add(byte(i), text)
		}
	}
	for _, text := range []string{
		"model: &a [*a]\n", "model: {d_model: 1e999}\n", "model:\n  d_model: !!binary x\n",
		"a: " + strings.Repeat("[", 90), strings.Repeat(" ", 900) + "a:",
	} {
		f.Add(byte(0), []byte(text))
	}
	f.Fuzz(func(t *testing.T, file byte, text []byte) {
		must(t, os.RemoveAll(folder))
		must(t, os.CopyFS(folder, os.DirFS(good)))
		must(t, os.WriteFile(filepath.Join(folder, checkpointFiles[int(file)%len(checkpointFiles)]), text, 0o666))
		before := names(t, folder)
		for _, args := range [][]string{
			{"check", folder}, {"verify", model, folder}, {"inspect", folder}, {"convert", "--output", folder, model},
		} {
			runHere(t, args...)
		}
		if after := names(t, folder); after != before {
			t.Errorf("held %q, and then %q", before, after)
		}
	})
}

// runHere runs the program inside this process, and returns its status.
func runHere(t *testing.T, args ...string) int {
	t.Helper()
	var stdout, stderr bytes.Buffer
	others := memory() // of tests that ran in this process before
	if others > maxMemory<<10/2 {
		debug.FreeOSMemory()
		others = memory()
	}
	begun := time.Now()
	status := run(append([]string{"hf2olmo"}, args...), &stdout, &stderr)
	o := outcome{args: args, status: status, stdout: stdout.String(), stderr: stderr.String()}
	o.checkPrintable(t)
	if status != 0 && (status != 1 || o.stderr == "" && o.stdout == "") {
		t.Errorf("%q: status %d, %s", args, status, o.stderr)
	}
	if took := time.Since(begun); took > 5*maxTime { // by the clock: other work counts too
		t.Errorf("%q took %v", args, took)
	}
	if taken := memory() - others; taken > maxMemory<<10 {
		t.Errorf("%q: %d MB taken from the system", args, taken>>20)
	}
	return status
}

// memory is what this process has of the system's memory, in bytes.
func memory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// names lists a folder.
func names(t *testing.T, dir string) string {
	entries, err := os.ReadDir(dir)
	must(t, err)
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.TrimSpace(fmt.Sprint(strings.Join(list, " ")))
}
