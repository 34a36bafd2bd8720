package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"hf2olmo/convert/disk"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// TestRemoveFolder: it waits for files that are still being closed, and for nothing else.
func TestRemoveFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x")
	must(t, os.Mkdir(dir, 0o777))
	hidden := filepath.Join(dir, ".fuse_hidden0001")
	must(t, os.WriteFile(hidden, nil, 0o666))
	time.AfterFunc(50*time.Millisecond, func() { os.Remove(hidden) })
	must(t, disk.RemoveFolder(dir))
	must(t, disk.RemoveFolder(dir)) // it is gone
	must(t, os.Mkdir(dir, 0o777))
	must(t, os.WriteFile(filepath.Join(dir, "thesis"), nil, 0o666))
	begun := time.Now()
	if err := disk.RemoveFolder(dir); err == nil || time.Since(begun) > time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

// TestMovable: nothing is moved.
func TestMovable(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, folder := range []string{a, b} {
		must(t, os.Mkdir(folder, 0o777))
		must(t, os.WriteFile(filepath.Join(folder, filepath.Base(folder)), nil, 0o666))
	}
	must(t, disk.Movable(a, b))
	if list(t, a) != "a" || list(t, b) != "b" {
		t.Errorf("a holds %s, b %s", list(t, a), list(t, b))
	}
}

// TestRename: a name that is taken is not replaced, and two folders are exchanged, if the file system can.
func TestRename(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	must(t, os.Mkdir(a, 0o777))
	must(t, os.Mkdir(b, 0o777))
	must(t, os.WriteFile(filepath.Join(a, "of-a"), nil, 0o666))
	if err := disk.RenameNew(a, b); !errors.Is(err, fs.ErrExist) && !disk.Unsupported(err) {
		t.Errorf("an empty folder was replaced: %v", err)
	}
	switch err := disk.Exchange(a, b); {
	case disk.Unsupported(err):
		if runtime.GOOS == "linux" {
			t.Log("this file system cannot exchange folders")
		}
	case err != nil:
		t.Error(err)
	case list(t, a) != "" || list(t, b) != "of-a":
		t.Errorf("a contains %q, b %q", list(t, a), list(t, b))
	}
	if err := disk.RenameNew(a, filepath.Join(dir, "c")); err != nil && !disk.Unsupported(err) {
		t.Error(err)
	}
}

// TestLock: a second open file cannot take a lock until the first is closed.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := os.Create(path)
	must(t, err)
	must(t, disk.Lock(first))
	second, err := os.Open(path)
	must(t, err)
	defer second.Close()
	if err := disk.Lock(second); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("locked twice: %v", err)
	}
	must(t, first.Close())
	must(t, disk.Lock(second))
}

// TestWrite: a file has its size at once and keeps what is written through all the calls.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	const size = 40 << 20 // more than one part of SyncFile
	must(t, disk.Reserve(t.Context(), f, 0, size))
	must(t, f.Truncate(size)) // where space is not reserved
	if info, err := f.Stat(); err != nil || info.Size() != size {
		t.Fatalf("%v, %v", info, err)
	}
	text := []byte("at the end")
	_, err = f.WriteAt(text, size-int64(len(text)))
	must(t, err)
	disk.StartWriteback(f, 0, size)
	must(t, disk.SyncFile(t.Context(), f, size))
	disk.Forget(f, 0, size)
	in, err := os.Open(path)
	must(t, err)
	defer in.Close()
	disk.ReadAhead(in)
	data, err := io.ReadAll(in)
	if err != nil || len(data) != size || !bytes.HasSuffix(data, text) || data[0] != 0 {
		t.Errorf("%d bytes were read, %v", len(data), err)
	}
	must(t, disk.SyncFolder(filepath.Dir(path)))
	if disk.Generated(in) {
		t.Error("the kernel is said to generate a plain file")
	}
}

// TestStopped: syncing ends with its context, where it is done in parts.
func TestStopped(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	defer f.Close()
	must(t, f.Truncate(1<<20))
	reason := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if err := disk.SyncFile(ctx, f, 1<<20); runtime.GOOS == "linux" && !errors.Is(err, reason) {
		t.Error(err)
	}
}

// TestFacts: what the system knows of a file.
func TestFacts(t *testing.T) {
	dir := t.TempDir()
	info, err := os.Stat(dir)
	must(t, err)
	if uid, known := disk.Owner(info); !known || uid != os.Geteuid() {
		t.Errorf("owner %d, %v", uid, known)
	}
	must(t, disk.Writable(dir))
	if pinned := disk.Pinned(dir); pinned != "" {
		t.Error(pinned)
	}
	if free, known := disk.FreeSpace(filepath.Join(dir, "not", "yet")); !known || free <= 0 {
		t.Errorf("%d bytes are free, %v", free, known)
	}
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o666))
	must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	_, err = os.Stat(filepath.Join(dir, "file", "x"))
	if !disk.Absent(err) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("below a file: %v", err)
	}
	if _, err = os.Stat(filepath.Join(dir, "loop")); !disk.Loop(err) || disk.Absent(err) {
		t.Errorf("a link to itself: %v", err)
	}
	if _, err = os.OpenFile(filepath.Join(dir, "loop"), os.O_RDONLY|disk.NoFollow, 0); err == nil {
		t.Error("a link was followed")
	}
	if runtime.GOOS == "linux" {
		f, err := os.Open("/proc/self/status")
		must(t, err)
		defer f.Close()
		if !disk.Generated(f) {
			t.Error("/proc is not said to be generated")
		}
	}
}

func ExampleTroubleOf() {
	err := &os.PathError{Op: "write", Path: "model.pt", Err: syscall.ENOSPC}
	fmt.Println(disk.TroubleOf(err) == disk.Full)
	// Output: true
}
