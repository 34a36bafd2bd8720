package main

import (
	"bytes"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// strange are what may be in place of a file, each created at path.
var strange = map[string]func(t *testing.T, path string){
	"pipe": func(t *testing.T, path string) { must(t, syscall.Mkfifo(path, 0o666)) },
	"socket": func(t *testing.T, path string) {
		short := filepath.Join(t.TempDir(), "s") // the path of a socket has at most 107 bytes
		l, err := net.Listen("unix", short)
		must(t, err)
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		must(t, l.Close())
		must(t, os.Rename(short, path))
	},
	"folder":           func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o777)) },
	"link to nothing":  func(t *testing.T, path string) { must(t, os.Symlink("nothing", path)) },
	"link to itself":   func(t *testing.T, path string) { must(t, os.Symlink(filepath.Base(path), path)) },
	"link to zeros":    func(t *testing.T, path string) { must(t, os.Symlink("/dev/zero", path)) },
	"link to terminal": func(t *testing.T, path string) { must(t, os.Symlink("/dev/tty", path)) },
	"link to a pipe": func(t *testing.T, path string) {
		pipe := filepath.Join(t.TempDir(), "pipe")
		must(t, syscall.Mkfifo(pipe, 0o666))
		must(t, os.Symlink(pipe, path))
	},
	"link to its folder": func(t *testing.T, path string) { must(t, os.Symlink(".", path)) },
	"link to memory":     func(t *testing.T, path string) { must(t, os.Symlink("/proc/self/mem", path)) },
	"link to log":        func(t *testing.T, path string) { must(t, os.Symlink("/proc/kmsg", path)) },
	"nothing":            func(*testing.T, string) {},
	"hole": func(t *testing.T, path string) {
		must(t, os.WriteFile(path, nil, 0o666))
		must(t, os.Truncate(path, 1<<40))
	},
}

// TestStrangeFiles puts each of these in place of each file of each kind of folder: no command waits for it, reads it
// without end, or crashes.
func TestStrangeFiles(t *testing.T) {
	t.Parallel()
	dir, good := t.TempDir(), goodFolders(t)
	model := "../../testdata/models/llama"
	folders := map[string]string{"unsharded": good[0], "olmo-core": good[1]}
	for _, name := range []string{"llama", "llama-bin", "olmo2-sharded"} {
		folders[name] = "../../testdata/models/" + name
	}
	for _, pattern := range []string{"unsharded/*", "legacy/*", "new/*", "local/*"} {
		found, err := filepath.Glob("../../testdata/checkpoints/" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		folders["trained "+pattern] = found[0]
	}
	n := 0
	for kind, from := range folders {
		at := filepath.Join(dir, filepath.Base(from))
		copyFiles(t, at, from)
		must(t, filepath.WalkDir(at, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			aside := filepath.Join(dir, "aside")
			must(t, os.Rename(path, aside))
			for what, put := range strange {
				put(t, path)
				for _, args := range [][]string{
					{"check", at}, {"check", "--full", "--json", at}, {"inspect", "--stats", at}, {"verify", model, at},
					{"verify", "--json", at, good[0]},
					{"convert", "--dry-run", "--into", filepath.Join(dir, "out"), at},
					{"convert", "--target", "olmo-core", "--into", filepath.Join(dir, "core"), at},
					{"convert", "--output", at, model}, {"convert", "--dry-run", "--force", "--output", at, model},
				} {
					soon(t, kind+": "+what+" for "+e.Name(), args)
					n++
				}
				must(t, os.RemoveAll(path))
			}
			must(t, os.Rename(aside, path))
			return nil
		}))
		must(t, os.RemoveAll(at))
	}
	if n < 3000 {
		t.Errorf("only %d runs", n)
	}
}

// soon runs a command in this process, and fails the test if it does not end soon, or not as a command should.
func soon(t *testing.T, name string, args []string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := make(chan int, 1)
	go func() { status <- run(append([]string{"hf2olmo"}, args...), &stdout, &stderr) }()
	select {
	case s := <-status:
		if s != 0 && (s != 1 || stdout.Len()+stderr.Len() == 0) {
			t.Errorf("%s: %q: status %d: %s%s", name, args, s, stdout.String(), stderr.String())
		}
		if strings.Contains(stderr.String()+stdout.String(), "runtime error") {
			t.Errorf("%s: %q: %s%s", name, args, stdout.String(), stderr.String())
		}
	case <-time.After(20 * time.Second):
		stack := make([]byte, 1<<20)
		t.Fatalf("%s: %q does not end\n%s", name, args, stack[:runtime.Stack(stack, true)])
	}
}
