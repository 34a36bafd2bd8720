//go:build loops

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// File systems that share blocks between files, in loop devices: images of 1 GB that have holes. Without root, loop
// devices, or one of them in the kernel these tests fail, unless HF2OLMO_NO_LOOP=1 is set.

var loops = map[string][]string{"xfs": {"mkfs.xfs", "-q"}, "btrfs": {"mkfs.btrfs", "-q"}}

// looped mounts a new file system in a loop device, with a model of real bytes in it.
func looped(t *testing.T, kind string) (dir, model string) {
	t.Helper()
	image, dir := filepath.Join(t.TempDir(), "image"), t.TempDir()
	f, err := os.Create(image)
	must(t, err)
	must(t, f.Truncate(1<<30))
	must(t, f.Close())
	make := loops[kind]
	for _, args := range [][]string{append(make, image), {"mount", "-o", "loop", image, dir}} {
		if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			if os.Getenv("HF2OLMO_NO_LOOP") == "1" {
				t.Skip("HF2OLMO_NO_LOOP=1")
			}
			t.Fatalf("%v (apt-get install xfsprogs btrfs-progs; root and /dev/loop* are needed; HF2OLMO_NO_LOOP=1 leaves "+
				"these tests out): %v: %s", args, err, text)
		}
	}
	t.Cleanup(func() {
		if text, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, text)
			exec.Command("umount", "-l", dir).Run()
		}
	})
	model = filepath.Join(dir, "model")
	sparse{layers: 4, width: 1024, heads: 16, kvHeads: 8, mlp: 2752, vocabulary: 16000, shards: 2}.write(t, model)
	fill(t, model)
	return dir, model
}

// fill writes numbers into the holes of a model.
func fill(t *testing.T, model string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(model, "*.safetensors"))
	must(t, err)
	random := rand.NewPCG(1, 2)
	for _, path := range files {
		data, err := os.ReadFile(path)
		must(t, err)
		at := 8 + binary.LittleEndian.Uint64(data)
		for ; at+8 <= uint64(len(data)); at += 8 {
			binary.LittleEndian.PutUint64(data[at:], random.Uint64()&0xbfff_bfff_bfff_bfff) // neither NaN nor infinite
		}
		must(t, os.WriteFile(path, data, 0o666))
	}
}

// used is how many bytes of a file system are taken, when all is on the disk.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	if text, err := exec.Command("sync", "-f", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var s syscall.Statfs_t
	must(t, syscall.Statfs(dir, &s))
	return int64(s.Blocks-s.Bfree) * s.Bsize
}

// sums are those of all files of a folder but its manifest, which has times.
func sums(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || info.Name() == "hf2olmo.json" || strings.HasPrefix(info.Name(), "config.") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		_, err = io.Copy(h, f)
		all.WriteString(strings.TrimPrefix(path, dir) + " " + hex.EncodeToString(h.Sum(nil)) + "\n")
		return err
	}))
	return all.String()
}

// record is what --json says of a run that must succeed.
func record(t *testing.T, args ...string) (r convertRecord) {
	t.Helper()
	o := execute(t, append([]string{"convert", "--json", "--quiet"}, args...)...)
	if o.status != 0 {
		t.Fatalf("%v: %s", args, o.stderr)
	}
	must(t, json.Unmarshal([]byte(o.stdout), &r))
	return r
}

// TestShared: an output that is not cast takes next to no space, has the same bytes as a copy on any file system, loads,
// and keeps its bytes when its source is overwritten and removed.
func TestShared(t *testing.T) {
	for kind := range loops {
		t.Run(kind, func(t *testing.T) {
			dir, model := looped(t, kind)
			whole, core := filepath.Join(dir, "a-unsharded"), filepath.Join(dir, "core")
			for output, flags := range map[string][]string{whole: nil, core: {"--target", "olmo-core"}} {
				before := used(t, dir)
				r := record(t, append(flags, "--output", output, model)...)
				grown := used(t, dir) - before
				t.Logf("%s: %d bytes, %d shared, the disk has %d more", output, r.Bytes, r.SharedBytes, grown)
				if grown > r.Bytes/50 || r.SharedBytes < r.Bytes*98/100 {
					t.Errorf("%s: %d bytes, %d shared, and the disk has %d more", output, r.Bytes, r.SharedBytes, grown)
				}
				elsewhere := filepath.Join(t.TempDir(), filepath.Base(output))
				copied := filepath.Join(dir, "copied-unsharded")
				if r := record(t, append(flags, "--output", elsewhere, model)...); r.SharedBytes != 0 {
					t.Errorf("%d bytes are shared with another file system", r.SharedBytes)
				}
				if r := record(t, append(flags, "--no-clone", "--output", copied, model)...); r.SharedBytes != 0 {
					t.Errorf("--no-clone: %d bytes are shared", r.SharedBytes)
				}
				for _, other := range []string{elsewhere, copied} {
					if sums(t, other) != sums(t, output) {
						t.Errorf("%s has other bytes than %s", output, other)
					}
				}
				must(t, os.RemoveAll(copied))
				if o := execute(t, append(append([]string{"convert", "--no-clone", "--jobs", "1"}, flags...),
					"--output", output, model)...); !strings.Contains(o.stdout, "unchanged") {
					t.Errorf("--no-clone and --jobs count as other options: %s%s", o.stdout, o.stderr)
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
	files, err := filepath.Glob(filepath.Join(model, "*.safetensors"))
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

// fillUp takes the space of a file system but for some bytes. What was removed is free only a while later.
func fillUp(t *testing.T, dir string, left int64) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "thesis"))
	must(t, err)
	defer f.Close()
	size := int64(0)
	for range 10 {
		used(t, dir)
		time.Sleep(200 * time.Millisecond)
		var s syscall.Statfs_t
		must(t, syscall.Statfs(dir, &s))
		if more := int64(s.Bavail)*s.Bsize - left; more > 0 {
			must(t, syscall.Fallocate(int(f.Fd()), 0, size, more))
			size += more
		}
	}
}

// nothingElse checks that no part of an output was left beside the model.
func nothingElse(t *testing.T, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("%v was left", left)
	}
}

// refusedFrom runs the program where the file system shares no more blocks from one call on. The first is the probe.
func refusedFrom(t *testing.T, call int, args ...string) outcome {
	t.Helper()
	return traced(t, "error=EOPNOTSUPP:when="+string(rune('0'+call))+"+", nil, args...)
}

// traced runs the program with something done to its ioctl calls, and while it runs calls a function.
func traced(t *testing.T, inject string, meanwhile func(), args ...string) outcome {
	t.Helper()
	program, err := exec.LookPath("hf2olmo")
	must(t, err)
	options := []string{"-f", "-qq", "-o", os.DevNull, "-e", "trace=ioctl", "-e", "inject=ioctl:" + inject, program}
	command := exec.Command("strace", append(options, args...)...)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	must(t, command.Start())
	if meanwhile != nil {
		meanwhile()
	}
	command.Wait()
	return outcome{status: command.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

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
