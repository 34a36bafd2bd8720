package check_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/check"
	"hf2olmo/convert/dcp"
	"hf2olmo/convert/tensor"
)

// TestCoreHole checks a checkpoint of OLMo-core whose index names a tensor of four
// elements of which its chunk holds two: torch silently loads it.
func TestCoreHole(t *testing.T) {
	report := run(t, coreFolder(t, dcp.Tensor{Path: []string{"model", "w"}, Shape: []int64{4}}))
	expect(t, report, "chunks", check.Error, "whatever was in memory")
	if report.Count(check.Error) != 1 || report.Count(check.Warning) != 0 {
		t.Errorf("%+v", report.Findings)
	}
}

// TestCoreMoments checks a checkpoint of OLMo-core whose optimizer is another model's.
func TestCoreMoments(t *testing.T) {
	report := run(t, coreFolder(t, dcp.Tensor{Path: []string{"model", "w"}, Shape: []int64{2}},
		dcp.Tensor{Path: []string{"optim", "state.v.exp_avg"}, Shape: []int64{2}}))
	expect(t, report, "shards", check.Warning, "a parameter that the model does not have")
	if report.Count(check.Error) != 0 || report.Count(check.Warning) != 1 {
		t.Errorf("%+v", report.Findings)
	}
}

// coreFolder writes a checkpoint of OLMo-core with tensors that share one item, of two elements.
func coreFolder(t *testing.T, tensors ...dcp.Tensor) string {
	t.Helper()
	item, err := os.ReadFile(filepath.Join(testdata, "../convert/dcp/testdata/golden_item.bin"))
	must(t, err)
	var index dcp.Metadata
	for _, x := range tensors {
		x.Name, x.DType = strings.Join(x.Path, "."), tensor.Float32
		x.Chunks = []dcp.Chunk{{Start: []int64{0}, Shape: []int64{2}, File: "__0_0.distcp", Bytes: int64(len(item))}}
		index.Tensors = append(index.Tensors, x)
	}
	var metadata bytes.Buffer
	must(t, index.Write(&metadata, "hole", ""))
	state, err := os.ReadFile(filepath.Join(testdata, "checkpoints/new/step3/train/rank0.pt"))
	must(t, err)
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"config.json": []byte(`{"model": {}}`), "train/rank0.pt": state, ".metadata.json": []byte("{}"),
		"model_and_optim/.metadata": metadata.Bytes(), "model_and_optim/__0_0.distcp": item,
	} {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o777))
		must(t, os.WriteFile(path, data, 0o666))
	}
	return dir
}
