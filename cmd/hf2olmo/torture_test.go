//go:build torture

package main

import (
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

var tries = flag.Int("tries", 10, "how often TestTorture kills")

// TestTorture kills the program at random moments, with and without --force: any output is whole, an older one stays
// until the new one replaces it, and the next run cleans up and succeeds.
func TestTorture(t *testing.T) {
	t.Run("model", func(t *testing.T) {
		dir := t.TempDir()
		older, newer := filepath.Join(dir, "older"), filepath.Join(dir, "newer")
		sparse{layers: 1, width: 256, heads: 4, kvHeads: 2, mlp: 512, vocabulary: 8000, shards: 1}.write(t, older)
		sparse{layers: 2, width: 256, heads: 4, kvHeads: 2, mlp: 512, vocabulary: 16000, shards: 2}.write(t, newer)
		torture(t, dir, work{"convert", older}, work{"convert", newer}, *tries)
	})
	t.Run("sharded checkpoint", func(t *testing.T) {
		dir := t.TempDir()
		older, newer := filepath.Join(dir, "older", "step1000"), filepath.Join(dir, "newer", "step1000")
		sparseRun{ranks: 2, layers: 1, width: 256, heads: 4, mlp: 512, vocabulary: 1000}.write(t, older)
		sparseRun{ranks: 4, layers: 2, width: 256, heads: 4, mlp: 512, vocabulary: 2000}.write(t, newer)
		torture(t, dir, work{"convert", older}, work{"convert", newer}, *tries/2)
	})
	for _, target := range []string{"olmo", "olmo-core"} {
		t.Run("export of "+target, func(t *testing.T) {
			dir := t.TempDir()
			older, newer := filepath.Join(dir, "older"), filepath.Join(dir, "newer")
			sparse{layers: 1, width: 256, heads: 4, kvHeads: 2, mlp: 512, vocabulary: 8000, shards: 1}.write(t, older)
			sparse{layers: 2, width: 256, heads: 4, kvHeads: 2, mlp: 512, vocabulary: 16000, shards: 2}.write(t, newer)
			torture(t, t.TempDir(), exporting(t, older, target), exporting(t, newer, target), *tries/2)
		})
	}
}

func torture(t *testing.T, dir string, older, newer work, tries int) {
	out := filepath.Join(dir, "out")
	must(t, os.Mkdir(out, 0o777))
	folder := filepath.Join(out, newer.named())
	if o := execute(t, newer.verb, "--output", folder, newer.source); o.status != 0 {
		t.Fatal(o.stderr)
	}
	usual := time.Hour
	for range 3 {
		begun := time.Now()
		execute(t, newer.verb, "--force", "--output", folder, newer.source)
		usual = min(usual, time.Since(begun))
	}
	killed, i := 0, 0
	for ; killed < tries && i < 4*tries; i++ { // some end before they are killed
		force := i%2 == 0
		must(t, os.RemoveAll(folder))
		args := []string{newer.verb, "--quiet", "--output", folder, newer.source}
		if force {
			execute(t, older.verb, "--output", folder, older.source)
			args = append(args, "--force")
		}
		if killedAfter(t, rand.N(usual*9/8), args) {
			killed++
		}
		if _, err := os.Stat(folder); err == nil {
			wholeOfEither(t, folder, []string{older.source, newer.source})
		} else if force {
			t.Errorf("try %d: the older output is gone", i)
		}
		if o := execute(t, args...); o.status != 0 {
			t.Errorf("try %d: the next run failed: %s", i, o.stderr)
		}
		onlyWhole(t, newer.source, out, folder)
	}
	if killed < tries {
		t.Errorf("only %d of %d runs were killed before their end", killed, i)
	}
	t.Logf("%d runs, %d of them killed before the end of some %v", i, killed, usual)
}

// killedAfter runs the program, kills it after a while, and reports whether it was still running.
func killedAfter(t *testing.T, wait time.Duration, args []string) bool {
	command := exec.Command("hf2olmo", args...)
	must(t, command.Start())
	time.Sleep(wait)
	command.Process.Kill()
	command.Wait()
	status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// named is what the folder is called if x is asked for.
func (w work) named() string {
	if w.verb == "export" {
		return "x"
	}
	return "x-unsharded"
}
