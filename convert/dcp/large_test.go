package dcp

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestManyRanks reads the index of a model that 1,024 ranks saved: more objects than any other
// pickle may have, and no more memory for each chunk than ReadMetadata says.
func TestManyRanks(t *testing.T) {
	const ranks, tensors, most = 1024, 100, 200
	var m Metadata
	for i := range tensors {
		name := fmt.Sprintf("optim.state.transformer.blocks.%d.ff_proj.weight.exp_avg", i)
		w := Tensor{Name: name, Path: []string{"optim", name}, DType: tensor.Float32, Shape: []int64{ranks * 8, 4096}}
		for r := range int64(ranks) {
			w.Chunks = append(w.Chunks, Chunk{Start: []int64{8 * r, 0}, Shape: []int64{8, 4096},
				File: fmt.Sprintf("__%d_0.distcp", r), Offset: int64(i) * 132_000, Bytes: 132_000})
		}
		m.Tensors = append(m.Tensors, w)
	}
	text, err := written(&m, "/x")
	if err != nil {
		t.Fatal(err)
	}
	m = Metadata{}
	before := heap()
	got, err := ReadMetadata(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if used := (heap() - before) / (ranks * tensors); used > most {
		t.Errorf("%d bytes of memory for each chunk, want at most %d", used, most)
	}
	last := got.Tensors[tensors-1].Chunks[ranks-1]
	if err := got.Check(); err != nil || last.File != "__1023_0.distcp" || last.Offset != 99*132_000 {
		t.Errorf("%v, %+v", err, last)
	}
	runtime.KeepAlive(text)
}

// heap returns the bytes of all objects that are in use.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
