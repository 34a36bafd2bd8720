//go:build loops

package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSharedOfChanging: a source that changes after some of it was cloned is an error, and nothing is left: the clone
// holds what was there before, and what is read for the checksums is new.
func TestSharedOfChanging(t *testing.T) {
	for kind := range loops {
		t.Run(kind, func(t *testing.T) {
			dir, model := looped(t, kind)
			output := filepath.Join(dir, "a-unsharded")
			partial := filepath.Join(dir, ".a-unsharded.partial", "model.pt")
			files, err := filepath.Glob(filepath.Join(model, "*.safetensors"))
			must(t, err)
			o := traced(t, "delay_exit=200000", func() { // microseconds
				for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(time.Millisecond) {
					if _, err := os.Stat(partial); err == nil {
						break
					}
				}
				f, err := os.OpenFile(files[0], os.O_WRONLY, 0)
				must(t, err)
				_, err = f.WriteAt([]byte("changed!"), 10<<20)
				must(t, err)
				must(t, f.Close())
			}, "convert", "--output", output, model)
			if o.status != 1 || !strings.Contains(o.stderr, "was changed while it was read") {
				t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
			}
			nothingElse(t, dir)
			record(t, "--output", output, model)
			if o := execute(t, "verify", model, output); o.status != 0 {
				t.Errorf("%s%s", o.stdout, o.stderr)
			}
		})
	}
}

// TestSharedKilled: a run that is killed leaves nothing that counts, and the next one cleans up.
func TestSharedKilled(t *testing.T) {
	for kind := range loops {
		t.Run(kind, func(t *testing.T) {
			dir, model := looped(t, kind)
			out := filepath.Join(dir, "out")
			output := filepath.Join(out, "a-unsharded")
			must(t, os.Mkdir(out, 0o777))
			before := used(t, dir)
			begun := time.Now()
			r := record(t, "--output", output, model)
			usual := time.Since(begun)
			for range 10 {
				must(t, os.RemoveAll(output))
				command := exec.Command("hf2olmo", "convert", "--quiet", "--output", output, model)
				must(t, command.Start())
				time.Sleep(rand.N(usual))
				command.Process.Kill()
				command.Wait()
				if _, err := os.Stat(output); err == nil {
					wholeOfEither(t, output, []string{model})
				}
				record(t, "--output", output, model)
				onlyWhole(t, model, out, output)
			}
			if grown := used(t, dir) - before; grown > r.Bytes/50 {
				t.Errorf("the disk has %d bytes more", grown)
			}
		})
	}
}
