package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFewOpenFiles replaces an output with ever fewer open files: done, or not, nothing is
// left beside the output, which is whole.
func TestFewOpenFiles(t *testing.T) {
	out := t.TempDir()
	folder, sources := filepath.Join(out, "x-unsharded"), []string{"../../testdata/models/llama", "../../testdata/models/olmo2-sharded"}
	failed := 0
	for limit := 16; limit >= 8; limit-- { // with fewer, Go itself does not start
		if o := execute(t, "convert", "--force", "--output", folder, sources[0]); o.status != 0 {
			t.Fatal(o.stderr)
		}
		command := fmt.Sprintf("ulimit -n %d; exec hf2olmo convert --force --output %s %s", limit, folder, sources[1])
		text, err := exec.Command("bash", "-c", command).CombinedOutput()
		if strings.Contains(string(text), "runtime: ") {
			continue
		}
		if err != nil {
			failed++
			if !strings.Contains(string(text), "too many open files") {
				t.Errorf("%d files: %v: %s", limit, err, text)
			}
		}
		if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
			t.Errorf("%d files: left %v, %v", limit, entries, err)
		}
		wholeOfEither(t, folder, sources)
	}
	if failed == 0 {
		t.Error("no limit was too low")
	}
}
