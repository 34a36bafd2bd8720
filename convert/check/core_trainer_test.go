package check

import (
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/tensor"
)

// TestCoreHole checks a checkpoint of OLMo-core whose index names a tensor of four
// elements of which its chunk holds two: torch silently loads it.
func TestCoreHole(t *testing.T) {
	item, err := os.ReadFile(filepath.Join(testdata, "../convert/dcp/testdata/golden_item.bin"))
	if err != nil {
		t.Fatal(err)
	}
	index := dcp.Metadata{Tensors: []dcp.Tensor{{
		Name: "model.w", Path: []string{"model", "w"}, DType: tensor.Float32, Shape: []int64{4},
		Chunks: []dcp.Chunk{{Start: []int64{0}, Shape: []int64{2}, File: "__0_0.distcp", Bytes: int64(len(item))}},
	}}}
	metadata, err := index.Marshal("hole", "")
	if err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join(testdata, "checkpoints/new/step3/train/rank0.pt"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"config.json": []byte(`{"model": {}}`), "train/rank0.pt": state, ".metadata.json": []byte("{}"),
		"model_and_optim/.metadata": metadata, "model_and_optim/__0_0.distcp": item,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	report := run(t, dir)
	expect(t, report, "chunks", Error, "whatever was in memory")
	if report.Count(Error) != 1 || report.Count(Warning) != 0 {
		t.Errorf("%+v", report.Findings)
	}
}
