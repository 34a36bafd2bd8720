//go:build loops

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestShared: an output that is not cast takes next to no space, has the same bytes as a copy on any file system,
// loads, and keeps its bytes when its source is overwritten and removed.
func TestShared(t *testing.T) {
	for kind := range loops {
		t.Run(kind, func(t *testing.T) {
			dir, model := looped(t, kind)
			whole, core := filepath.Join(dir, "a-unsharded"), filepath.Join(dir, "core")
			for output, flags := range map[string][]string{whole: nil, core: {"--target", "olmo-core"}} {
				before := used(t, dir)
				plan := record(t, append(flags, "--dry-run", "--output", output, model)...)
				r := record(t, append(flags, "--output", output, model)...)
				grown := used(t, dir) - before
				if plan.Status != "planned" || plan.SharedBytes != r.SharedBytes {
					t.Errorf("%s: planned %+v, and %d bytes are shared", output, plan, r.SharedBytes)
				}
				t.Logf("%s: %d bytes, %d shared, the disk has %d more", output, r.Bytes, r.SharedBytes, grown)
				if grown > r.Bytes/50 || r.SharedBytes < r.Bytes*98/100 {
					t.Errorf("%s: %d bytes, %d shared, and the disk has %d more", output, r.Bytes, r.SharedBytes, grown)
				}
				elsewhere := filepath.Join(t.TempDir(), filepath.Base(output))
				copied := filepath.Join(dir, "copied-unsharded")
				if r := record(t, append(flags, "--output", elsewhere, model)...); r.SharedBytes != 0 {
					t.Errorf("%d bytes are shared with another file system", r.SharedBytes)
				}
				plansNone(t, append(flags, "--output", elsewhere, model)...)
				flags = append(flags, "--no-clone")
				plansNone(t, append(flags, "--output", copied, model)...)
				if r := record(t, append(flags, "--output", copied, model)...); r.SharedBytes != 0 {
					t.Errorf("--no-clone: %d bytes are shared", r.SharedBytes)
				}
				for _, other := range []string{elsewhere, copied} {
					if sums(t, other) != sums(t, output) {
						t.Errorf("%s has other bytes than %s", output, other)
					}
				}
				must(t, os.RemoveAll(copied))
				if r := record(t, append(flags, "--jobs", "1", "--output", output, model)...); r.Status != "unchanged" {
					t.Errorf("with --no-clone and --jobs it is %s", r.Status)
				}
				if o := execute(t, "verify", model, output); o.status != 0 {
					t.Errorf("%s%s", o.stdout, o.stderr)
				}
			}
			loads(t, filepath.Join(whole, "model.pt"))
			outlives(t, model, whole, core)
		})
	}
}

// TestSharedUnsharded: what is unsharded as model.pt and optim.pt shares what is at the same place of a block in both,
// and the disk has more only of the rest.
func TestSharedUnsharded(t *testing.T) {
	dir, model := looped(t, "xfs")
	whole, run := filepath.Join(dir, "a-unsharded"), filepath.Join(dir, "step1000")
	output := filepath.Join(dir, "step1000-unsharded")
	record(t, "--output", whole, model)
	script := filepath.Join("..", "..", "testdata", "bench", "sharded_run.py")
	if text, err := exec.Command(os.Getenv("PYTHON"), script, whole, run).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	before := used(t, dir)
	plan := record(t, "--dry-run", "--output", output, run)
	r := record(t, "--output", output, run)
	grown := used(t, dir) - before
	t.Logf("%d bytes, %d shared, the disk has %d more", r.Bytes, r.SharedBytes, grown)
	if r.SharedBytes < r.Bytes/2 || plan.SharedBytes != r.SharedBytes || grown > r.Bytes-r.SharedBytes+r.Bytes/50 {
		t.Errorf("planned %+v, made %+v, and the disk has %d more", plan, r, grown)
	}
	if o := execute(t, "verify", run, output); o.status != 0 {
		t.Errorf("%s%s", o.stdout, o.stderr)
	}
	outlives(t, run, output)
}

// plansNone checks that a dry run expects no shared blocks.
func plansNone(t *testing.T, args ...string) {
	t.Helper()
	plan := record(t, append([]string{"--dry-run", "--force"}, args...)...)
	if plan.Status != "planned" || plan.SharedBytes != 0 || plan.Bytes == 0 {
		t.Errorf("%v: %+v", args, plan)
	}
}

// TestSharedNowhere: a file system that could share blocks and was made without that shares none, and a dry run
// knows that.
func TestSharedNowhere(t *testing.T) {
	dir, model := loopedBy(t, "mkfs.xfs", "-q", "-m", "reflink=0")
	output := filepath.Join(dir, "a-unsharded")
	plansNone(t, "--output", output, model)
	if r := record(t, "--output", output, model); r.SharedBytes != 0 || r.Bytes == 0 {
		t.Errorf("%+v", r)
	}
}

// loads reads a model.pt with unzip, and with torch where that maps it.
func loads(t *testing.T, path string) {
	t.Helper()
	const script = `
import sys, torch
mapped = torch.load(sys.argv[1], mmap=True, weights_only=True)
read = torch.load(sys.argv[1], weights_only=True)
assert mapped.keys() == read.keys() and all(torch.equal(mapped[k], read[k]) for k in read)
assert sum(t.float().sum().isfinite() for t in mapped.values()) == len(read)`
	for _, args := range [][]string{{"unzip", "-tq", path}, {os.Getenv("PYTHON"), "-c", script, path}} {
		if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v: %s", args[0], err, text)
		}
	}
}

// outlives overwrites and removes a model: what was made of it stays as it is.
func outlives(t *testing.T, model string, outputs ...string) {
	t.Helper()
	before := ""
	for _, output := range outputs {
		before += sums(t, output)
	}
	files, err := filepath.Glob(filepath.Join(model, "*[0-9].*")) // shards or ranks
	must(t, err)
	for _, path := range files {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		must(t, err)
		_, err = f.WriteAt(bytes.Repeat([]byte("thesis"), 10<<20), 0)
		must(t, err)
		must(t, f.Sync())
		must(t, f.Close())
	}
	must(t, os.RemoveAll(model))
	syscall.Sync()
	must(t, os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0))
	after := ""
	for _, output := range outputs {
		after += sums(t, output)
	}
	if before != after {
		t.Errorf("the outputs have changed with their source:\n%s\n%s", before, after)
	}
}

// TestSharedOnFullDisk: what is shared needs no space, and a copy is refused before it begins. Where blocks are refused
// in the middle, the rest is copied if there is space.
func TestSharedOnFullDisk(t *testing.T) {
	for kind := range loops {
		t.Run(kind, func(t *testing.T) {
			dir, model := looped(t, kind)
			output := filepath.Join(dir, "a-unsharded")
			want := record(t, "--output", output, model)
			all := sums(t, output)
			must(t, os.RemoveAll(output))
			r := refusedFrom(t, 4, "convert", "--json", "--output", output, model)
			if r.status != 0 || !strings.Contains(r.stdout, `"status":"converted"`) || sums(t, output) != all {
				t.Errorf("refused from the fourth on: %d %s%s", r.status, r.stdout, r.stderr)
			}
			must(t, os.RemoveAll(output))

			fillUp(t, dir, want.Bytes/2)
			for _, o := range []outcome{execute(t, "convert", "--no-clone", "--output", output, model),
				refusedFrom(t, 4, "convert", "--output", output, model)} {
				if o.status != 1 || !strings.Contains(o.stderr, "too little space on the disk") {
					t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
				}
			}
			nothingElse(t, dir)
			if r := record(t, "--output", output, model); r.SharedBytes != want.SharedBytes || sums(t, output) != all {
				t.Errorf("on a disk that is almost full: %+v", r)
			}
		})
	}
}

// nothingElse checks that no part of an output was left beside the model.
func nothingElse(t *testing.T, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("%v was left", left)
	}
}
