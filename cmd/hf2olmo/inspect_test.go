package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestInspectLarge lists a model of 70 billion parameters in 30 sparse shards in less than a second.
func TestInspectLarge(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "large")
	sparse{layers: 80, width: 8192, heads: 64, kvHeads: 8, mlp: 28672, vocabulary: 128256, shards: 30}.write(t, dir)
	start := time.Now()
	text, err := exec.Command("hf2olmo", "inspect", dir).CombinedOutput()
	took := time.Since(start)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !strings.Contains(string(text), "(70.55 B)") || strings.Count(string(text), "\nmodel.layers.") != 720 {
		t.Errorf("listed\n%s", text[len(text)-600:])
	}
	if took > time.Second && !raceDetector {
		t.Errorf("took %v", took)
	}
}
