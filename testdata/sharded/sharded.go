// Package sharded gives tests the checkpoints in checkpoints.tar.zst, which the real
// trainers wrote:
//
//	olmo/NAME/step<N>   allenai/OLMo's trainer, every sharded layout that it writes, by torch 2.2
//	                    and 2.15; expected.json has the SHA-256 of each full tensor and moment,
//	                    taken from what the ranks had in memory
//	core/NAME           OLMo-core's trainer with its optimizer, and unsharded steps of allenai/OLMo
//	hf/NAME             sharded runs as verl and accelerate leave them; expected/ is the whole model
package sharded

import (
	"archive/tar"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
)

//go:embed checkpoints.tar.zst
var archive []byte

// Extract unpacks the archive into a temporary folder of the test and returns the
// folder that contains olmo, core and hf.
func Extract(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := extract(dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "sharded")
}

// A Sum is what expected.json says of a tensor that the ranks had in memory.
type Sum struct {
	DType  string
	Shape  []int64
	SHA256 string
}

// A Run is one of olmo/NAME: the folder of a run whose only step is step3, and its expected.json.
type Run struct {
	Dir   string `json:"-"`
	Step  int64
	World int `json:"world_size"`
	Model map[string]Sum
	Optim map[string]map[string]Sum // by the parameter's name, then the moment's
}

// Runs unpacks the archive and returns the runs of allenai/OLMo's trainer.
func Runs(t testing.TB) []Run {
	t.Helper()
	dirs, _ := filepath.Glob(filepath.Join(Extract(t), "olmo", "*")) // fails for bad patterns only
	if len(dirs) != 33 {
		t.Fatalf("%d checkpoints, want 33", len(dirs))
	}
	var runs []Run
	for _, dir := range dirs {
		run := Run{Dir: dir}
		ReadJSON(t, filepath.Join(dir, "expected.json"), &run)
		runs = append(runs, run)
	}
	return runs
}

// ReadJSON decodes a file.
func ReadJSON(t testing.TB, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func extract(dir string) error {
	z, err := zstd.NewReader(bytes.NewReader(archive), zstd.WithDecoderMaxWindow(1<<27))
	if err != nil {
		return err
	}
	defer z.Close()
	files := tar.NewReader(z)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpack(filepath.Join(dir, filepath.FromSlash(h.Name)), h, files); err != nil {
			return err
		}
	}
}

func unpack(path string, h *tar.Header, r io.Reader) error {
	if h.Typeflag == tar.TypeDir {
		return os.MkdirAll(path, 0o777)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}
