//go:build torture

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mounted returns a folder with its own small file system in memory.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skip("a file system cannot be mounted here: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// someMegabytes are a model, a sharded checkpoint and two unsharded ones that become 5 to 7 MB.
func someMegabytes(t *testing.T) []work {
	model, checkpoint := filepath.Join(t.TempDir(), "model"), filepath.Join(t.TempDir(), "step1000")
	sparse{layers: 2, width: 256, heads: 4, kvHeads: 2, mlp: 512, vocabulary: 4000, shards: 1}.write(t, model)
	sparseRun{ranks: 3, layers: 2, width: 128, heads: 4, mlp: 256, vocabulary: 500}.write(t, checkpoint)
	return []work{{"convert", model}, {"convert", checkpoint}, exporting(t, model, "olmo"),
		exporting(t, model, "olmo-core")}
}

// TestDiskFull converts to disks of every size from too small to large enough. A small one is noticed before a byte is
// written if the system reports the free space, else while writing.
func TestDiskFull(t *testing.T) {
	for _, w := range someMegabytes(t) {
		failed := 0
		for kB := 64; kB <= 8192; kB += 512 {
			out := mounted(t, fmt.Sprintf("size=%dk", kB))
			o := execute(t, w.verb, "--into", out, w.source)
			if o.status == 0 {
				onlyWhole(t, w.source, out, filepath.Join(out, w.name()))
				continue
			}
			o.checkRefused(t, out)
			failed++
		}
		if failed < 10 || failed > 15 {
			t.Errorf("%v: %d of 16 disks were too small", w, failed)
		}
	}
}

// TestDiskFills fills the disk while the program looks for space: more is reported than can be written.
func TestDiskFills(t *testing.T) {
	for _, w := range someMegabytes(t) {
		for _, blocks := range []int{1, 8, 100, 1500} {
			out := t.TempDir()
			script := fmt.Sprintf("ulimit -f %d; exec hf2olmo %s --into %s %s", blocks, w.verb, out, w.source)
			text, err := exec.Command("bash", "-c", script).CombinedOutput()
			if err == nil || !strings.Contains(string(text), "file too large") || !strings.Contains(string(text), "ulimit -f") {
				t.Errorf("%d blocks: %v: %s", blocks, err, text)
			}
			nothing(t, out)
		}
	}
}

// bothWays are a conversion and an export of a small model.
func bothWays(t *testing.T) []work {
	const model = "../../testdata/models/llama"
	return []work{{"convert", model}, exporting(t, model, "olmo")}
}

// TestInodes uses up the inodes: the large file still fits, the small ones do not.
func TestInodes(t *testing.T) {
	for _, w := range bothWays(t) {
		for inodes := 2; inodes <= 6; inodes++ {
			out := mounted(t, fmt.Sprintf("nr_inodes=%d", inodes))
			o := execute(t, w.verb, "--into", out, w.source)
			o.checkRefused(t, out)
			if !strings.Contains(o.stderr, "no space left on device") || !strings.Contains(o.stderr, "Free some space") {
				t.Error(o.stderr)
			}
		}
	}
}

// TestReadOnly converts to a read-only file system.
func TestReadOnly(t *testing.T) {
	out := mounted(t, "size=1m")
	must(t, syscall.Mount("tmpfs", out, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=1m"))
	for _, w := range bothWays(t) {
		o := execute(t, w.verb, "--into", out, w.source)
		o.checkRefused(t, out)
		if !strings.Contains(o.stderr, "read-only file system") || !strings.Contains(o.stderr, "that you can write to") {
			t.Error(o.stderr)
		}
	}
}

// TestOtherFileSystem reads from one file system and writes to another, with --force too.
func TestOtherFileSystem(t *testing.T) {
	out := mounted(t, "size=8m")
	for _, model := range []string{"llama", "olmo2"} {
		source := filepath.Join("../../testdata/models", model)
		if o := execute(t, "convert", "--force", "--output", filepath.Join(out, "x"), source); o.status != 0 {
			t.Error(o.stderr)
		}
		onlyWhole(t, source, out, filepath.Join(out, "x-unsharded"))
	}
}

// TestParentVanishes pauses the program while it writes, removes the folder above its output, and lets it continue.
func TestParentVanishes(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "model")
	sparse{layers: 4, width: 1024, heads: 16, kvHeads: 8, mlp: 2752, vocabulary: 16000, shards: 1}.write(t, source)
	for range 5 {
		out := filepath.Join(dir, "out")
		must(t, os.MkdirAll(out, 0o777))
		command := exec.Command("hf2olmo", "convert", "--into", out, source)
		var text strings.Builder
		command.Stderr = &text
		must(t, command.Start())
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if _, err := os.Stat(filepath.Join(out, ".model-unsharded.partial", "model.pt")); err == nil {
				break
			}
		}
		must(t, command.Process.Signal(syscall.SIGSTOP))
		must(t, os.RemoveAll(out))
		must(t, command.Process.Signal(syscall.SIGCONT))
		command.Wait()
		status := command.ProcessState.ExitCode()
		if status != 1 || !strings.Contains(text.String(), "no such file or directory") {
			t.Errorf("status %d: %s", status, text.String())
		}
		if _, err := os.Stat(out); err == nil {
			t.Error("the folder is there again")
		}
	}
}

// TestTwoFromOneSource converts one model to several outputs at once.
func TestTwoFromOneSource(t *testing.T) {
	source := "../../testdata/models/olmo2-sharded"
	dir := t.TempDir()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			output := filepath.Join(dir, fmt.Sprint(i), "x")
			text, err := exec.Command("hf2olmo", "convert", "--output", output, source).CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, text)
			}
		})
	}
	wait.Wait()
	for i := range 8 {
		out := filepath.Join(dir, fmt.Sprint(i))
		onlyWhole(t, source, out, filepath.Join(out, "x-unsharded"))
	}
}
