package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNamesThatTerminalsObey runs every command on a folder whose name would move the cursor and reverse the text:
// it is never printed raw, JSON contains it exactly, and the training command contains its path.
func TestNamesThatTerminalsObey(t *testing.T) {
	const evil = "a\n\x1b[31mroot\x1b[0m\r\x07\u009b2J\u202e\x7f' $(id)\\"
	dir := t.TempDir()
	model, out := filepath.Join(dir, evil), filepath.Join(dir, "out")
	copyFiles(t, model, "../../testdata/models/llama")
	folder := filepath.Join(out, evil+"-unsharded")
	for _, args := range [][]string{
		{"convert", "--dry-run", "--into", out, model},
		{"convert", "--into", out, model},
		{"convert", "--into", out, model},
		{"convert", "--force", "--json", "--into", out, model},
		{"verify", model, folder},
		{"inspect", folder},
		{"check", folder},
		{"inspect", "--json", folder},
		{"check", "--json", folder},
	} {
		o := execute(t, args...)
		if o.status != 0 && args[0] != "check" {
			t.Errorf("%q: %s%s", args, o.stdout, o.stderr)
		}
		o.checkEnded(t)
		if strings.Contains(o.stdout+o.stderr, "/a\n") {
			t.Errorf("%q printed the newline of a name: %s%s", args, o.stdout, o.stderr)
		}
		if args[0] == "convert" && args[1] == "--force" {
			obeyed(t, o.stdout, folder)
		}
	}
	for _, args := range [][]string{
		{evil}, {"convert", "--" + evil}, {"convert", "--dtype", evil, model}, {"keymap", evil},
		{"convert", "--keymap", evil, model}, {"convert", evil}, {"inspect", evil}, {"check", evil},
		{"verify", evil, evil}, {"help", evil},
	} {
		execute(t, args...).checkPrintable(t)
	}
}

// obeyed lets a shell evaluate the training command.
func obeyed(t *testing.T, line, folder string) {
	t.Helper()
	var record convertRecord
	must(t, json.Unmarshal([]byte(line), &record))
	if record.Output != folder {
		t.Errorf("output %q, want %q", record.Output, folder)
	}
	text, err := exec.Command("bash", "-c", "torchrun() { printf '%s|' \"$@\"; }; "+record.TrainCommand).Output()
	must(t, err)
	if want := "|" + folder + "/config.yaml|"; !strings.Contains(string(text), want) {
		t.Errorf("the shell read %q, want %q", text, want)
	}
}
