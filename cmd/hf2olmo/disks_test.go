//go:build disks

package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// File systems of clusters, as far as one machine can offer them: bindfs mounts a folder through FUSE. Like NFS it has
// no flags for rename, closes files later than the program does, and keeps an open file that is removed under a hidden
// name.

// bindfs mounts a new folder, and returns where it is mounted and the folder below. Without FUSE the test fails, unless
// HF2OLMO_NO_FUSE=1 is set.
func bindfs(t *testing.T, options ...string) (mount, under string) {
	t.Helper()
	under = t.TempDir()
	return bindfsOver(t, under, options...), under
}

func bindfsOver(t *testing.T, under string, options ...string) string {
	t.Helper()
	mount := t.TempDir()
	text, err := exec.Command("bindfs", append(options, under, mount)...).CombinedOutput()
	if err != nil {
		if os.Getenv("HF2OLMO_NO_FUSE") == "1" {
			t.Skip("HF2OLMO_NO_FUSE=1")
		}
		t.Fatalf("bindfs (apt-get install bindfs; /dev/fuse is needed; HF2OLMO_NO_FUSE=1 leaves these tests out): %v: %s",
			err, text)
	}
	t.Cleanup(func() {
		if text, err := exec.Command("fusermount3", "-u", mount).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, text)
			syscall.Unmount(mount, syscall.MNT_DETACH)
		}
	})
	return mount
}

// mountAs mounts a file system of the kernel at a new folder, which needs root.
func mountAs(t *testing.T, kind, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount(kind, dir, kind, 0, options); err != nil {
		if os.Geteuid() != 0 {
			t.Skip("only root can mount ", kind)
		}
		t.Fatalf("%s: %v", kind, err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	return dir
}

// layered returns an overlay over a lower layer that fill has filled.
func layered(t *testing.T, fill func(lower string)) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"lower", "upper", "work"} {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o777))
	}
	fill(filepath.Join(dir, "lower"))
	return mountAs(t, "overlay", fmt.Sprintf("lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", dir, dir, dir))
}

const llama, olmo2 = "../../testdata/models/llama", "../../testdata/models/olmo2"

// TestDisks converts on each file system for each trainer: to a new output, to the same again, with --force, and from
// another model after the config was edited.
func TestDisks(t *testing.T) {
	disks := map[string]func() string{
		"overlay": func() string { return layered(t, func(string) {}) },
		"tmpfs":   func() string { return mountAs(t, "tmpfs", "size=16m") },
	}
	for _, options := range []string{
		"", "--chmod-deny", "--chown-deny --chgrp-deny", "--create-for-user=root --xattr-none",
	} {
		disks["bindfs "+options] = func() string { mount, _ := bindfs(t, strings.Fields(options)...); return mount }
	}
	for name, mount := range disks {
		out := mount()
		for target, config := range map[string]string{"olmo": "config.yaml", "olmo-core": "config.json"} {
			t.Run(name+"/"+target, func(t *testing.T) { usual(t, out, target, config) })
		}
	}
}

func usual(t *testing.T, out, target, config string) {
	folder := filepath.Join(out, "x-unsharded")
	step := func(want, source string, flags ...string) {
		t.Helper()
		o := execute(t, append([]string{"convert", "--target", target, "--output", folder, source}, flags...)...)
		if o.status != 0 || !strings.Contains(o.stdout, want) {
			t.Errorf("%q: status %d\n%s%s", o.args, o.status, o.stdout, o.stderr)
		}
		onlyWhole(t, source, out, folder)
	}
	step("(llama)", llama)
	step("unchanged", llama)
	step("(llama)", llama, "--force")
	path := filepath.Join(folder, config)
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, append(text, '\n'), 0o666))
	step("(olmo2)", olmo2, "--force")
	if kept, err := os.ReadFile(path + ".bak"); err != nil || len(kept) != len(text)+1 {
		t.Errorf("%s.bak: %d bytes, %v", config, len(kept), err)
	}
	must(t, os.RemoveAll(folder))
}

// TestDisksDenied converts on file systems that cannot do what is needed: one sentence says so before a byte of the
// model is copied, and what could not be removed is listed. A dry run finds nothing, because it writes nothing.
func TestDisksDenied(t *testing.T) {
	for option, want := range map[string]string{
		"--rename-deny": "its file system cannot rename folders: operation not permitted",
		"--delete-deny": "its file system cannot remove files: operation not permitted",
		"-r":            "cannot be created: read-only file system",
	} {
		mount, under := bindfs(t, option)
		for _, target := range []string{"olmo", "olmo-core"} {
			args := []string{"convert", "--target", target, "--output", filepath.Join(mount, "x-unsharded"), llama}
			before := len(listed(t, under)) // of the other target
			if o := execute(t, append(args, "--dry-run")...); o.status != 0 || len(listed(t, under)) != before {
				t.Errorf("%s: a dry run: status %d, %s, left %v", option, o.status, o.stderr, listed(t, under))
			}
			for range 2 { // what the first leaves must not change the message of the second
				o := execute(t, args...)
				if o.status != 1 || !strings.Contains(o.stderr, want) || strings.Contains(o.stderr, "copying") {
					t.Errorf("%s: status %d: %s", option, o.status, o.stderr)
				}
				for _, name := range listed(t, under) {
					if !strings.Contains(o.stderr, name+": cannot be removed") {
						t.Errorf("%s left %s, and said: %s", option, name, o.stderr)
					}
				}
			}
		}
	}
}

// TestDisksOlder replaces an output that cannot be renamed, or whose files cannot be removed: that is noticed before a
// byte is copied, and the output stays.
func TestDisksOlder(t *testing.T) {
	older := func(folder string) {
		t.Helper()
		if o := execute(t, "convert", "--output", folder, llama); o.status != 0 {
			t.Fatal(o.stderr)
		}
	}
	refused := func(folder, want string) {
		t.Helper()
		before := tree(t, folder)
		o := execute(t, "convert", "--force", "--output", folder, olmo2)
		if o.status != 1 || !strings.Contains(o.stderr, want) || strings.Contains(o.stderr, "copying") {
			t.Errorf("want %q, status %d: %s", want, o.status, o.stderr)
		}
		if after := tree(t, folder); after != before {
			t.Errorf("%s: was\n%s\nis\n%s", want, before, after)
		}
	}
	mount := layered(t, func(lower string) { older(filepath.Join(lower, "x-unsharded")) })
	refused(filepath.Join(mount, "x-unsharded"), "cannot be renamed to make room for the new output: invalid cross-device")

	folder := filepath.Join(t.TempDir(), "x-unsharded")
	older(folder)
	must(t, syscall.Mount(folder, folder, "", syscall.MS_BIND, ""))
	refused(folder, "is in the way: it is a mount point")
	must(t, syscall.Unmount(folder, 0))
	file := filepath.Join(folder, "model.pt")
	must(t, syscall.Mount(file, file, "", syscall.MS_BIND, ""))
	refused(folder, "model.pt: is a mount point and cannot be removed")
	must(t, syscall.Unmount(file, 0))
	if text, err := exec.Command("chattr", "+i", file).CombinedOutput(); err != nil {
		t.Logf("no immutable files here: %v: %s", err, text)
	} else {
		refused(folder, "model.pt: is immutable (see lsattr) and cannot be removed")
		must(t, exec.Command("chattr", "-i", file).Run())
	}
	if o := execute(t, "convert", "--force", "--output", folder, olmo2); o.status != 0 {
		t.Error(o.stderr)
	}
}

// tree lists all names and sizes of a folder.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			info, err := e.Info()
			must(t, err)
			fmt.Fprintln(&b, name, info.Size(), info.ModTime())
		}
		return err
	}))
	return b.String()
}
