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

// execute runs the program in a new process. One that hangs is killed.
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

// watchMemory returns the peak of a process's memory, in kB, once the process has ended. What wait reports includes the
// memory of the parent before the exec.
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

// checkCost fails the test if a run took too long or too much memory.
func (o outcome) checkCost(t testing.TB) {
	t.Helper()
	if o.time > maxTime && !raceDetector {
		t.Errorf("%q took %v of the processor", o.args, o.time)
	}
	if o.memory > maxMemory && !raceDetector {
		t.Errorf("%q took %d MB", o.args, o.memory>>10)
	}
}

// checkPrintable fails the test if a run printed what a terminal might act on.
func (o outcome) checkPrintable(t testing.TB) {
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

// checkRefused fails the test unless a run failed as it should and left nothing in out.
func (o outcome) checkRefused(t testing.TB, out string) {
	t.Helper()
	if o.status != 1 || o.stdout != "" && !strings.Contains(o.stdout, `"status":"failed"`) {
		t.Errorf("%q: status %d\n%s%s", o.args, o.status, o.stdout, o.stderr)
	}
	o.checkCost(t)
	o.checkPrintable(t)
	nothing(t, out)
}

// checkEnded fails the test unless a run ended as any run may: it succeeded, or failed with a message.
func (o outcome) checkEnded(t testing.TB) {
	t.Helper()
	if o.status != 0 && (o.status != 1 || o.stdout+o.stderr == "") {
		t.Errorf("%q: status %d\n%s%s", o.args, o.status, o.stdout, o.stderr)
	}
	o.checkCost(t)
	o.checkPrintable(t)
}

// nothing fails the test unless a folder is empty.
func nothing(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%s holds %v, %v", dir, entries, err)
	}
}

// layOver creates a model in dir: a good one with the files of a case in place of its own.
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

// copyFiles copies the files of a folder, and replaces existing ones.
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
