package main

import (
	"bytes"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStopped stops each command at random moments while it does what takes longest: it ends within two seconds, with
// the shell's status, and a conversion leaves nothing behind.
func TestStopped(t *testing.T) {
	dir := t.TempDir()
	many, tokens := filepath.Join(dir, "many"), filepath.Join(dir, "tokens")
	large, out := filepath.Join(dir, "large"), filepath.Join(dir, "out")
	copyFiles(t, many, "../../testdata/models/llama")
	made["many tensors"].make(t, many)
	copyFiles(t, tokens, "../../testdata/models/llama")
	hostileFolders["tokenizer, tokens"].make(t, tokens)
	// 0.2 GB
	sparse{layers: 1, width: 2048, heads: 16, kvHeads: 8, mlp: 5504, vocabulary: 16000, shards: 2}.write(t, large)
	native, core := filepath.Join(dir, "native-unsharded"), filepath.Join(dir, "core")
	for _, args := range [][]string{{"--output", native}, {"--target", "olmo-core", "--output", core}} {
		if o := execute(t, append([]string{"convert", large}, args...)...); o.status != 0 {
			t.Fatal(o.stderr)
		}
	}
	config := filepath.Join(dir, "config-unsharded")
	copyFiles(t, config, goodFolders(t)[0])
	hostileFolders["config, items"].make(t, config)
	slow := 0
	for _, args := range [][]string{
		{"convert", "--output", out, large}, {"convert", "--target", "olmo-core", "--output", out, large},
		{"convert", "--dtype", "float32", "--output", out, large},
		{"convert", "--dry-run", "--output", out, many}, {"convert", "--target", "olmo-core", "--output", out, many},
		{"convert", "--json", "--output", out, tokens},
		{"export", "--output", out, native}, {"export", "--dtype", "float32", "--output", out, core},
		{"check", native}, {"check", "--full", native}, {"check", "--full", core}, {"check", "--full", many},
		{"check", config},
		{"verify", large, native}, {"verify", "--json", large, core}, {"verify", many, native}, {"verify", tokens, native},
		{"verify", native, large}, {"verify", core, native},
		{"inspect", many}, {"inspect", "--stats", many}, {"inspect", "--json", "--stats", native},
		{"inspect", "--stats", core}, {"inspect", config},
		{"keymap"}, {"keymap", "olmo-core/llama"},
	} {
		start := time.Now()
		execute(t, args...)
		usual := time.Since(start)
		must(t, exec.Command("rm", "-rf", out, out+"-unsharded").Run())
		if took := stop(t, args, rand.N(usual+1)); took > 2*time.Second {
			t.Logf("%q: ended after %v", args, took)
			slow++
		}
		entries, err := filepath.Glob(filepath.Join(dir, "*out*"))
		must(t, err)
		if len(entries) > 0 && filepath.Base(entries[0]) != "out-unsharded" && filepath.Base(entries[0]) != "out" {
			t.Errorf("%q: left %v", args, entries)
		}
		must(t, exec.Command("rm", "-rf", out, out+"-unsharded").Run())
	}
	if slow > 1 { // a busy disk
		t.Errorf("%d runs took more than two seconds to end", slow)
	}
}

// stop sends SIGTERM to a command after a while, and returns how long it took to end.
func stop(t *testing.T, args []string, after time.Duration) time.Duration {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.Command("hf2olmo", args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	must(t, command.Start())
	time.Sleep(after)
	sent := time.Now()
	command.Process.Signal(syscall.SIGTERM)
	command.Wait()
	took := time.Since(sent)
	status := command.ProcessState.Sys().(syscall.WaitStatus)
	if code := status.ExitStatus(); !status.Signaled() && code != 128+int(syscall.SIGTERM) && code != 0 && code != 1 {
		t.Errorf("%q after %v: status %d\n%s%s", args, after, code, stdout.String(), stderr.String())
	}
	if strings.Contains(stderr.String(), "goroutine ") {
		t.Errorf("%q after %v: %s", args, after, stderr.String())
	}
	return took
}
