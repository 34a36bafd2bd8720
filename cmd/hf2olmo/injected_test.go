//go:build torture

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var injections = flag.Int("injections", 3, "how many calls of each kind TestInjected makes fail, spread over the run")

// calls are the system calls that reach the disk, and how each may fail.
var calls = map[string][]string{
	"openat":          {"error=EIO", "error=EMFILE", "error=EACCES", "signal=KILL"},
	"pread64":         {"error=EIO", "error=ESTALE", "signal=KILL"},
	"read":            {"error=EIO"},
	"pwrite64":        {"error=EIO", "error=ENOSPC", "error=EDQUOT", "signal=KILL"},
	"write":           {"error=ENOSPC", "signal=KILL"},
	"fallocate":       {"error=ENOSPC", "error=EDQUOT", "error=EOPNOTSUPP", "error=EINTR", "signal=KILL"},
	"ftruncate":       {"error=EIO"},
	"fsync":           {"error=EIO", "error=ENOSPC", "signal=KILL"},
	"sync_file_range": {"error=EIO", "error=ENOSYS", "signal=KILL"},
	"mkdirat":         {"error=ENOSPC", "error=EROFS", "signal=KILL"},
	"renameat2":       {"error=EIO", "error=EINVAL", "error=EXDEV", "signal=KILL"},
	"renameat":        {"error=EIO", "signal=KILL"},
	"unlinkat":        {"error=EIO", "error=EACCES", "signal=KILL"},
	"flock":           {"error=ENOLCK", "error=EINTR", "signal=KILL"},
	"newfstatat":      {"error=EIO", "signal=KILL"},
	"fstat":           {"error=EIO", "signal=KILL"},
	"getdents64":      {"error=EIO", "signal=KILL"},
}

// TestInjected makes the kernel fail one system call of the program after the other, or kill the program there. It
// succeeds, or fails with a message and status 1; the output is whole if there is one; and the next run succeeds. It
// needs strace, which .ci/run installs.
func TestInjected(t *testing.T) {
	if err := exec.Command("strace", "-qq", "-o", os.DevNull, "true").Run(); err != nil {
		t.Skip("strace cannot be run here: ", err)
	}
	dir := t.TempDir()
	in := injected{out: filepath.Join(dir, "out"), older: work{"convert", filepath.Join(dir, "older")},
		newer: work{"convert", filepath.Join(dir, "newer")}}
	copyFiles(t, in.older.source, "../../testdata/models/llama")
	copyFiles(t, in.newer.source, "../../testdata/models/olmo2-sharded")
	checkpoint := filepath.Join(dir, "step3")
	must(t, os.CopyFS(checkpoint, os.DirFS("../../testdata/checkpoints/legacy/step3")))
	export := in
	export.older, export.newer = exporting(t, in.older.source, "olmo"), exporting(t, in.newer.source, "olmo")
	in.program = filepath.Join(dir, "hf2olmo") // static, as released, so that no loader makes calls
	build := exec.Command("go", "build", "-o", in.program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for call, faults := range calls {
		t.Run(call, func(t *testing.T) {
			for _, fault := range faults {
				for when, next, n := 1, 2, 0; n < *injections; when, next, n = next, when+next, n+1 {
					inject := fmt.Sprintf("%s:%s:when=%d", call, fault, when)
					for _, force := range []bool{false, true} {
						in.try(t, inject, force)
					}
					if n == *injections-1 { // deepest in the run
						sharded := in
						sharded.newer.source = checkpoint
						sharded.try(t, inject, true)
						in.tries, in.failed, in.killed = sharded.tries, sharded.failed, sharded.killed
					}
					if n == *injections-1 || n == 0 {
						export.program = in.program
						export.try(t, inject, n > 0)
					}
				}
			}
		})
	}
	t.Logf("%d tries: %d ended with an error, %d were killed, %d succeeded all the same",
		in.tries+export.tries, in.failed+export.failed, in.killed+export.killed,
		in.tries+export.tries-in.failed-in.killed-export.failed-export.killed)
}

type injected struct {
	program, out          string
	older, newer          work
	tries, failed, killed int
}

func (in *injected) folder() string { return filepath.Join(in.out, in.newer.named()) }

func (in *injected) try(t *testing.T, inject string, force bool) {
	must(t, os.RemoveAll(in.out))
	must(t, os.Mkdir(in.out, 0o777))
	args := []string{in.newer.verb, "--jobs", "2", "--output", in.folder(), in.newer.source}
	if force {
		if o := execute(t, in.older.verb, "--output", in.folder(), in.older.source); o.status != 0 {
			t.Fatal(o.stderr)
		}
		args = append(args, "--force")
	}
	call, _, _ := strings.Cut(inject, ":")
	options := []string{"-f", "-qq", "-o", os.DevNull, "-e", "trace=" + call, "-e", "inject=" + inject, in.program}
	command := exec.Command("strace", append(options, args...)...)
	text, _ := command.CombinedOutput()
	status := command.ProcessState.ExitCode()
	if strings.Contains(string(text), "netpollBreak") {
		return // a call of the Go runtime to wake itself, which never fails
	}
	in.tries++
	switch {
	case status == -1 || strings.Contains(inject, "KILL") && status == 137:
		in.killed++
	case status != 0:
		in.failed++
		if status != 1 ||
			!strings.Contains(string(text), "hf2olmo: ") && !strings.HasPrefix(inject, "write:") { // which may fail the message
			t.Errorf("%s, force %v: status %d\n%s", inject, force, status, text)
		}
	}
	if strings.Contains(string(text), "goroutine ") {
		t.Errorf("%s, force %v: a panic\n%s", inject, force, text)
	}
	in.look(t, inject, force, status)
}

// look checks what a run left, and runs the program again.
func (in *injected) look(t *testing.T, inject string, force bool, status int) {
	_, err := os.Stat(in.folder())
	switch {
	case err == nil:
		wholeOfEither(t, in.folder(), []string{in.older.source, in.newer.source})
	case force && os.IsNotExist(err) && len(in.replaced()) == 0:
		t.Errorf("%s: the older output is gone", inject)
	case status == 0:
		t.Errorf("%s: succeeded, and nothing is there", inject)
	}
	args := []string{in.newer.verb, "--output", in.folder(), in.newer.source, "--force"}
	if o := execute(t, args...); o.status != 0 {
		t.Errorf("%s, force %v: the next run failed: %s", inject, force, o.stderr)
		return
	}
	onlyWhole(t, in.newer.source, in.out, in.folder())
}

// replaced are older outputs that the next run puts back: see convert/folder.
func (in *injected) replaced() []string {
	paths, _ := filepath.Glob(filepath.Join(in.out, ".*.replaced"))
	return paths
}
