package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
)

// The most that a hostile input may cost.
const (
	maxTime   = 2 * time.Second // of the processor
	maxWait   = 30 * time.Second
	maxMemory = 200 << 10 // kB
)

// outcome is the result of a run of the program.
type outcome struct {
	args           []string
	status         int // -1 if a signal ended it
	stdout, stderr string
	time           time.Duration // of the processor
	memory         int64         // kB, at most
}

// execute runs the program as a process of its own. One that hangs is killed.
func execute(t testing.TB, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), maxWait)
	defer cancel()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, "hf2olmo", args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	memory := make(chan int64)
	go func() { memory <- watchMemory(command.Process.Pid) }()
	_ = command.Wait() // see the status
	if ctx.Err() != nil {
		t.Errorf("%q did not end in %v", args, maxWait)
	}
	return outcome{args, command.ProcessState.ExitCode(), stdout.String(), stderr.String(),
		command.ProcessState.UserTime() + command.ProcessState.SystemTime(), <-memory}
}

// watchMemory follows the peak of a process's memory, in kB, until the process is gone.
// What wait reports would do, but it counts the memory of the parent before the exec too.
func watchMemory(pid int) (peak int64) {
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, after, found := strings.Cut(string(status), "VmHWM:")
		if err != nil || !found {
			return peak
		}
		var now int64
		fmt.Sscan(after, &now)
		peak = max(peak, now)
		time.Sleep(2 * time.Millisecond)
	}
}

// cheap fails the test where a run took too long or too much memory.
func (o outcome) cheap(t testing.TB) {
	t.Helper()
	if o.time > maxTime && !raceDetector {
		t.Errorf("%q took %v of the processor", o.args, o.time)
	}
	if o.memory > maxMemory && !raceDetector {
		t.Errorf("%q took %d MB", o.args, o.memory>>10)
	}
}

// printable fails the test where a run printed what a terminal might obey.
func (o outcome) printable(t testing.TB) {
	t.Helper()
	for _, text := range []string{o.stdout, o.stderr} {
		for _, r := range text {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%q printed %q in %q", o.args, r, text)
				return
			}
		}
		if strings.Contains(text, "goroutine ") || strings.Contains(text, "runtime error") {
			t.Errorf("%q: a panic: %s", o.args, text)
		}
	}
}

// refused fails the test unless a run failed as it should, with nothing left behind in out.
func (o outcome) refused(t testing.TB, out string) {
	t.Helper()
	if o.status != 1 || o.stdout != "" && !strings.Contains(o.stdout, `"status":"failed"`) {
		t.Errorf("%q: status %d\n%s%s", o.args, o.status, o.stdout, o.stderr)
	}
	o.cheap(t)
	o.printable(t)
	nothing(t, out)
}

// bears fails the test unless a run ended as any run may: done, or failed with words.
func (o outcome) bears(t testing.TB) {
	t.Helper()
	if o.status != 0 && (o.status != 1 || o.stdout+o.stderr == "") {
		t.Errorf("%q: status %d\n%s%s", o.args, o.status, o.stdout, o.stderr)
	}
	o.cheap(t)
	o.printable(t)
}

// nothing fails the test unless a folder is empty.
func nothing(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%s holds %v, %v", dir, entries, err)
	}
}

// layOver makes a model in dir of a good one and of what a case puts in its place.
func layOver(t testing.TB, dir, with string) {
	t.Helper()
	base := "llama"
	for file, other := range map[string]string{
		"pytorch_model.bin": "llama-bin", "model.safetensors.index.json": "olmo2-sharded",
	} {
		if _, err := os.Stat(filepath.Join(with, file)); err == nil {
			base = other
		}
	}
	for _, from := range []string{filepath.Join("../../testdata/models", base), with} {
		copyFiles(t, dir, from)
	}
}

// copyFiles copies the files of a folder, in place of those that are there.
func copyFiles(t testing.TB, dir, from string) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o777))
	must(t, fs.WalkDir(os.DirFS(from), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(dir, name), 0o777)
		}
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), data, 0o666)
	}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// firstFault is the first line that says what is wrong.
func (o outcome) firstFault() string {
	for line := range strings.Lines(o.stderr) {
		if text, ok := strings.CutPrefix(line, "  "); ok {
			return strings.TrimSpace(text)
		}
	}
	return fmt.Sprintf("status %d: %s", o.status, strings.TrimSpace(o.stderr))
}
