//go:build disks

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFuseConcurrent runs four processes on one output: one writes it, and the others find it up to date; with --force
// each writes it, from two models.
func TestFuseConcurrent(t *testing.T) {
	mount, _ := bindfs(t)
	dir := t.TempDir()
	var sources []string
	for i, layers := range []int64{1, 2} {
		sources = append(sources, filepath.Join(dir, fmt.Sprint("model", i)))
		sparse{layers: layers, width: 512, heads: 8, kvHeads: 4, mlp: 1024, vocabulary: 4000, shards: 1}.write(t, sources[i])
	}
	for _, target := range []string{"olmo", "olmo-core"} {
		out := filepath.Join(mount, target)
		folder := filepath.Join(out, "x-unsharded")
		printed := together(t, 4, "convert", "--json", "--target", target, "--output", folder, sources[0])
		if strings.Count(printed, `"converted"`) != 1 || strings.Count(printed, `"unchanged"`) != 3 {
			t.Error(printed)
		}
		onlyWhole(t, sources[0], out, folder)
		printed = together(t, 4, "convert", "--json", "--force", "--target", target, "--output", folder, sources[1])
		if strings.Count(printed, `"converted"`) != 4 {
			t.Error(printed)
		}
		onlyWhole(t, sources[1], out, folder)
	}
	out := filepath.Join(mount, "olmo")
	folder := filepath.Join(out, "x-unsharded")
	killAtRandom(t, sources, folder, time.Now().Add(2*time.Second))
	if o := execute(t, "convert", "--force", "--output", folder, sources[0]); o.status != 0 {
		t.Fatal(o.stderr)
	}
	onlyWhole(t, sources[0], out, folder)
}

// TestFuseStopped stops conversions on a slow disk at random moments with SIGTERM and with SIGKILL, with and without an
// older output: after SIGTERM nothing is left, as the message says; after SIGKILL the next run cleans up.
func TestFuseStopped(t *testing.T) {
	const fresh = "-oattr_timeout=0,entry_timeout=0,negative_timeout=0" // each sees the changes of the other at once
	mount, under := bindfs(t, "--write-rate=8M", fresh)
	fast := bindfsOver(t, under, fresh)
	source := filepath.Join(t.TempDir(), "model")
	model := sparse{layers: 2, width: 512, heads: 8, kvHeads: 4, mlp: 1024, vocabulary: 4000, shards: 1}
	model.write(t, source) // 25 MB: 3 s
	for i := range 10 {
		term, force := i%2 == 0, i/2%2 == 0
		target := []string{"olmo", "olmo-core"}[i/4%2]
		args := []string{"convert", "--target", target, "--output", filepath.Join(mount, "x-unsharded"), source}
		if force {
			args = append(args, "--force")
			o := execute(t, "convert", "--target", target, "--output", filepath.Join(fast, "x-unsharded"), olmo2)
			if o.status != 0 {
				t.Fatal(o.stderr)
			}
		}
		stopOnSlowDisk(t, args, term)
		names := strings.Join(listed(t, under), " ")
		if want := map[bool]string{true: "x-unsharded", false: ""}[force]; term && names != want {
			t.Errorf("try %d: SIGTERM left %q, want %q", i, names, want)
		}
		if force {
			onlyWholeNow(t, olmo2, filepath.Join(under, "x-unsharded"))
		}
		args[4] = filepath.Join(fast, "x-unsharded")
		if o := execute(t, args...); o.status != 0 {
			t.Errorf("try %d: the next run failed: %s", i, o.stderr)
		}
		onlyWhole(t, source, under, filepath.Join(under, "x-unsharded"))
		must(t, os.RemoveAll(filepath.Join(under, "x-unsharded")))
	}
}

// stopOnSlowDisk starts a conversion, and stops it before its end.
func stopOnSlowDisk(t *testing.T, args []string, term bool) {
	t.Helper()
	command := exec.Command("hf2olmo", args...)
	var text strings.Builder
	command.Stderr = &text
	must(t, command.Start())
	time.Sleep(100*time.Millisecond + rand.N(1500*time.Millisecond))
	sent := time.Now()
	if !term {
		command.Process.Kill()
		command.Wait()
		return
	}
	command.Process.Signal(syscall.SIGTERM)
	command.Wait()
	if took := time.Since(sent); took > 2*time.Second {
		t.Errorf("SIGTERM took %v", took)
	}
	status := command.ProcessState.ExitCode()
	if status != 143 || !strings.Contains(text.String(), "nothing was left behind") {
		t.Errorf("status %d: %s", status, text.String())
	}
}

func listed(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func onlyWholeNow(t *testing.T, source, folder string) {
	t.Helper()
	if o := execute(t, "verify", source, folder); o.status != 0 {
		t.Errorf("%s%s", o.stdout, o.stderr)
	}
}
