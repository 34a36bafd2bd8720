//go:build loops

package main

import (
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

// looped mounts a new file system that shares blocks in a loop device, with a model of real bytes in it.
func looped(t *testing.T, kind string) (dir, model string) {
	t.Helper()
	return loopedBy(t, loops[kind]...)
}

// loopedBy is looped for a command that makes any file system.
func loopedBy(t *testing.T, make ...string) (dir, model string) {
	t.Helper()
	image, dir := filepath.Join(t.TempDir(), "image"), t.TempDir()
	f, err := os.Create(image)
	must(t, err)
	must(t, f.Truncate(1<<30))
	must(t, f.Close())
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
