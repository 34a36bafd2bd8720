package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignals stops a conversion of two models at random moments with each signal: it ends within a second, with the
// shell's status, leaves nothing behind, and reports what was not done. A busy disk must finish the writes it has
// begun before it can free a file, so not every run must end within the second.
func TestSignals(t *testing.T) {
	source := filepath.Join(t.TempDir(), "large")
	// 5 GB
	sparse{layers: 12, width: 4096, heads: 32, kvHeads: 8, mlp: 11008, vocabulary: 32000, shards: 3}.write(t, source)
	slow := 0
	for _, stop := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if stop == syscall.SIGHUP && signal.Ignored(stop) {
			continue // the tests run under nohup, so the program would ignore it too: see TestNohup
		}
		for _, longest := range []time.Duration{20 * time.Millisecond, 300 * time.Millisecond, 900 * time.Millisecond} {
			if took := stopConversion(t, source, stop, rand.N(longest)); took > time.Second {
				t.Logf("%v: ended after %v", stop, took)
				slow++
			}
		}
	}
	if slow > 4 {
		t.Errorf("%d of 9 took more than a second to end", slow)
	}
}

// stopConversion returns how long the program took to end.
func stopConversion(t *testing.T, source string, signal syscall.Signal, after time.Duration) time.Duration {
	t.Helper()
	out := t.TempDir()
	command := exec.Command("hf2olmo", "convert", "--into", filepath.Join(out, "new", "folder"), source,
		"../../testdata/models/olmo2")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	sent := time.Now()
	command.Process.Signal(signal)
	err := command.Wait()
	took := time.Since(sent)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%v after %v: %v, was it not stopped?", signal, after, err)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) > 0 {
		t.Errorf("%v after %v: left %v, %v", signal, after, entries, err)
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() && status.Signal() == signal {
		return took // before the program listened for signals
	}
	if exit.ExitCode() != 128+int(signal) {
		t.Errorf("%v after %v: status %d", signal, after, exit.ExitCode())
	}
	wanted := []string{"large: not converted", "before it was done; nothing was left behind", "olmo2: not started"}
	if strings.Contains(stderr.String(), "large: not started") { // a slow machine
		wanted = wanted[2:]
	}
	for _, want := range wanted {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%v after %v: no %q in\n%s", signal, after, want, stderr.String())
		}
	}
	return took
}

// TestNohup: a conversion that was started with SIGHUP ignored goes on when it gets one.
func TestNohup(t *testing.T) {
	source := filepath.Join(t.TempDir(), "large")
	sparse{layers: 8, width: 2048, heads: 16, kvHeads: 8, mlp: 5504, vocabulary: 32000, shards: 1}.write(t, source) // 1 GB
	out := t.TempDir()
	command := exec.Command("sh", "-c", `trap "" HUP; exec hf2olmo convert --into "$0" "$1"`, out, source)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	must(t, command.Start())
	awaitFile(t, filepath.Join(out, ".large-unsharded.partial", "model.pt"))
	must(t, command.Process.Signal(syscall.SIGHUP))
	if err := command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(out, "large-unsharded", "model.pt")); err != nil {
		t.Error(err)
	}
}

// awaitFile returns when a file exists, or after ten seconds.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
}

// TestKilled: a killed run leaves no output, and the next run clears what it left.
func TestKilled(t *testing.T) {
	source := filepath.Join(t.TempDir(), "large")
	sparse{layers: 8, width: 2048, heads: 16, kvHeads: 8, mlp: 5504, vocabulary: 32000, shards: 1}.write(t, source) // 1 GB
	out := t.TempDir()
	command := exec.Command("hf2olmo", "convert", "--into", out, source)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, filepath.Join(out, ".large-unsharded.partial", "model.pt"))
	command.Process.Kill()
	command.Wait()
	if _, err := os.Stat(filepath.Join(out, ".large-unsharded.partial", "model.pt")); err != nil {
		t.Fatal("was not killed while it wrote")
	}
	if _, err := os.Stat(filepath.Join(out, "large-unsharded")); err == nil {
		t.Fatal("a killed run left an output")
	}
	if text, err := exec.Command("hf2olmo", "convert", "--into", out, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) != 1 || entries[0].Name() != "large-unsharded" {
		t.Errorf("left %v, %v", entries, err)
	}
}
