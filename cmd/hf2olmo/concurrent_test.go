package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestConcurrent runs eight processes on one output: one writes it, the others wait and find it up to date. With
// --force each writes it, one after the other.
func TestConcurrent(t *testing.T) {
	model, checkpoint := filepath.Join(t.TempDir(), "model"), filepath.Join(t.TempDir(), "step1000")
	// 110 MB
	sparse{layers: 2, width: 1024, heads: 16, kvHeads: 8, mlp: 2752, vocabulary: 16000, shards: 2}.write(t, model)
	sparseRun{ranks: 4, layers: 2, width: 512, heads: 8, mlp: 1408, vocabulary: 2000}.write(t, checkpoint)
	for _, w := range []work{{"convert", model}, {"convert", checkpoint}, exporting(t, model, "olmo")} {
		onOneOutput(t, w)
	}
}

func onOneOutput(t *testing.T, w work) {
	out := t.TempDir()
	folder := filepath.Join(out, w.name())
	for round, test := range []struct {
		flags                []string
		converted, unchanged int
	}{{nil, 1, 7}, {nil, 0, 8}, {[]string{"--force"}, 8, 0}} {
		printed := together(t, 8, append([]string{w.verb, "--json", "--into", out, w.source}, test.flags...)...)
		converted, unchanged := strings.Count(printed, `"status":"converted"`), strings.Count(printed, `"status":"unchanged"`)
		if converted != test.converted || unchanged != test.unchanged {
			t.Errorf("round %d: %d converted, %d unchanged\n%s", round, converted, unchanged, printed)
		}
		onlyWhole(t, w.source, out, folder)
	}
}

// together runs one command in several processes at once, all of which must succeed, and returns what they print.
func together(t *testing.T, n int, args ...string) string {
	t.Helper()
	var mu sync.Mutex
	var printed bytes.Buffer
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() {
			text, err := exec.Command("hf2olmo", args...).CombinedOutput()
			mu.Lock()
			defer mu.Unlock()
			printed.Write(text)
			if err != nil {
				t.Errorf("%v: %s", err, text)
			}
		})
	}
	wait.Wait()
	return printed.String()
}

// onlyWhole fails the test unless out contains the whole folder and nothing else.
func onlyWhole(t *testing.T, source, out, folder string) {
	t.Helper()
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(folder) {
		t.Fatalf("%s holds %v, %v", out, entries, err)
	}
	if _, err := os.Stat(filepath.Join(folder, ".lock")); err == nil {
		t.Error("the lock was left")
	}
	if text, err := exec.Command("hf2olmo", "verify", source, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// TestConcurrentKilled kills processes at random while they work on one output, some with --force and from two models:
// the output is whole at any time, and in the end one run completes it.
func TestConcurrentKilled(t *testing.T) {
	dir := t.TempDir()
	var sources []string
	for i, layers := range []int64{2, 3} {
		sources = append(sources, filepath.Join(dir, fmt.Sprint("model", i)))
		model := sparse{layers: layers, width: 1024, heads: 16, kvHeads: 8, mlp: 2752, vocabulary: 8000, shards: 1}
		model.write(t, sources[i])
	}
	out := filepath.Join(dir, "out")
	folder := filepath.Join(out, "one-unsharded")
	for range 4 {
		killAtRandom(t, sources, folder, time.Now().Add(700*time.Millisecond))
		if _, err := os.Stat(folder); err == nil {
			wholeOfEither(t, folder, sources)
		}
	}
	text, err := exec.Command("hf2olmo", "convert", "--force", "--output", folder, sources[0]).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	onlyWhole(t, sources[0], out, folder)
}

// killAtRandom runs eight processes at a time until stop, and ends most of them early.
func killAtRandom(t *testing.T, sources []string, folder string, stop time.Time) {
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for time.Now().Before(stop) {
				command := exec.Command("hf2olmo", "convert", "--quiet", "--output", folder, sources[i%2])
				if rand.N(2) == 0 {
					command.Args = append(command.Args, "--force")
				}
				if err := command.Start(); err != nil {
					t.Error(err)
					return
				}
				if i < 6 {
					time.Sleep(rand.N(200 * time.Millisecond))
					command.Process.Signal([]syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT}[rand.N(3)])
				}
				command.Wait()
			}
		})
	}
	wait.Wait()
}

// wholeOfEither fails the test if a folder that is no longer written matches neither model.
func wholeOfEither(t *testing.T, folder string, sources []string) {
	t.Helper()
	var printed []byte
	for _, source := range sources {
		text, err := exec.Command("hf2olmo", "verify", source, folder).CombinedOutput()
		if err == nil {
			return
		}
		printed = append(printed, text...)
	}
	t.Errorf("not whole:\n%s", printed)
}
