package dcp

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hf2olmo/convert/tensor"
)

func chunk(numbers ...int64) Chunk {
	n := len(numbers) / 2
	return Chunk{Start: numbers[:n], Shape: numbers[n:]}
}

// TestCheck knows whole tensors from those that a reader would fill with what the memory held.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		shape  []int64
		chunks []Chunk
		want   string
	}{
		"whole": {[]int64{4, 3}, []Chunk{chunk(0, 0, 4, 3)}, ""},
		"rows":  {[]int64{4, 3}, []Chunk{chunk(2, 0, 2, 3), chunk(0, 0, 2, 3)}, ""},
		"a grid": {[]int64{4, 4}, []Chunk{chunk(0, 0, 2, 2), chunk(0, 2, 2, 2), chunk(2, 0, 2, 1), chunk(2, 1,
			2, 3)}, ""},
		"a scalar":       {nil, []Chunk{{}}, ""},
		"nothing":        {[]int64{0, 3}, []Chunk{chunk(0, 0, 0, 3)}, ""},
		"empty chunks":   {[]int64{2}, []Chunk{chunk(0, 2), chunk(2, 0), chunk(0, 0)}, ""},
		"a hole":         {[]int64{4, 3}, []Chunk{chunk(0, 0, 1, 3), chunk(2, 0, 2, 3)}, "not covered by its chunks"},
		"no chunk":       {[]int64{4}, nil, "not covered by its chunks"},
		"the same twice": {[]int64{4}, []Chunk{chunk(0, 2), chunk(0, 2)}, "overlap"},
		"an overlap": {[]int64{4, 4}, []Chunk{chunk(0, 0, 3, 3), chunk(2, 2, 2, 2), chunk(0, 3, 2, 1), chunk(3, 0,
			1, 2)}, "overlap"},
		"two scalars":        {nil, []Chunk{{}, {}}, "overlap"},
		"past the end":       {[]int64{4}, []Chunk{chunk(2, 3)}, "reaches past it"},
		"far past the end":   {[]int64{4}, []Chunk{chunk(1<<62, 1<<62)}, "reaches past it"},
		"another rank":       {[]int64{4}, []Chunk{chunk(0, 0, 2, 2)}, "reaches past it"},
		"an impossible size": {[]int64{1 << 40, 1 << 40}, nil, "impossible size"},
	} {
		m := Metadata{Tensors: []Tensor{{Name: "model.w", DType: tensor.Float32, Shape: c.shape, Chunks: c.chunks}}}
		err := m.Check()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(),
			"model.w")):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestOverlapRandom holds the look for overlaps against comparing each with each.
func TestOverlapRandom(t *testing.T) {
	found := 0
	for range 3000 {
		var chunks []Chunk
		for range rand.N(7) {
			chunks = append(chunks, chunk(rand.Int64N(5), rand.Int64N(5), rand.Int64N(5), rand.Int64N(4), rand.Int64N(4),
				rand.Int64N(4)))
		}
		want := false
		for i := range chunks {
			for k := range i {
				n, _ := tensor.Product(chunks[i].Shape)
				m, _ := tensor.Product(chunks[k].Shape)
				want = want || n > 0 && m > 0 && chunks[i].meets(&chunks[k])
			}
		}
		work := maxWork
		a, _, err := overlap(chunks, &work)
		if err != nil || (a != nil) != want {
			t.Fatalf("%v: %v, %v; want %v", chunks, a, err, want)
		}
		if want {
			found++
		}
	}
	if found < 100 {
		t.Errorf("only %d of 3000 overlapped", found)
	}
}

// TestOverlapCost lays chunks so that they cost most to check, and as large runs do.
func TestOverlapCost(t *testing.T) {
	var grid, beside, spiral, pins []Chunk
	for i := range int64(100_000) { // as 100,000 ranks would, in two dimensions
		grid = append(grid, chunk(i/100*8, i%100*16, 8, 16))
	}
	for i := range int64(4000) {
		c := Chunk{Start: make([]int64, 64), Shape: slices.Repeat([]int64{1}, 64)}
		c.Start[63] = i
		beside = append(beside, c)
	}
	const n = 20_000 // each reaches past all that follow, in one dimension after the other
	for i := range int64(n) {
		c := chunk(i/2, i/2, n-i, 1)
		if i%2 == 1 {
			c = chunk(i/2, i/2+1, 1, n-i)
		}
		spiral = append(spiral, c)
	}
	for i := range int64(30_000) {
		pins = append(pins, chunk(i, 0, 30_000, 1))
		pins[i].Start[1] = i
	}
	for name, c := range map[string]struct {
		chunks []Chunk
		fails  bool
	}{"grid": {grid, false}, "beside": {beside, false}, "spiral": {spiral, true}, "pins": {pins, false}} {
		start, work := time.Now(), maxWork
		a, _, err := overlap(c.chunks, &work)
		if a != nil || (err != nil) != c.fails {
			t.Errorf("%s: %v, %v", name, a, err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// TestPlanLarge cuts tensors that are too large for one item, and begins new files.
func TestPlanLarge(t *testing.T) {
	plan, err := NewPlan([]Entry{
		{Path: []string{"model", "wide"}, DType: tensor.Float32, Shape: []int64{100_352, 4096}, Same: -1},
		{Path: []string{"model", "flat"}, DType: tensor.BFloat16, Shape: []int64{3 << 30}, Same: -1},
		{Path: []string{"model", "tied"}, DType: tensor.Float32, Shape: []int64{100_352, 4096}, Same: 0},
		{Path: []string{"model", "one row"}, DType: tensor.Float32, Shape: []int64{2, 100 << 20}, Same: -1},
		{Path: []string{"model", "scalar"}, DType: tensor.Float32, Same: -1},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Files) < 2 {
		t.Errorf("%d files", len(plan.Files))
	}
	for _, f := range plan.Files {
		at := int64(0)
		for _, item := range f.Items {
			name := plan.Metadata.Tensors[item.Entry].Name
			if item.Offset != at || (item.Data.Offset-item.Offset)%64 != 0 {
				t.Errorf("%s: item at %d, data at %d; want it at %d", name, item.Offset, item.Data.Offset, at)
			}
			if item.layout.Size > MaxItem && name != "model.one row" {
				t.Errorf("%s: an item of %d bytes", name, item.layout.Size)
			}
			at += item.layout.Size
		}
		if at != f.Size || f.Size > maxFile {
			t.Errorf("%s: %d bytes, its items have %d", f.Name, f.Size, at)
		}
	}
	if got := len(plan.Metadata.Tensors[0].Chunks); got != 7 {
		t.Errorf("%d chunks", got)
	}
	if got := plan.Metadata.Tensors[2]; got.Chunks[1].Offset != plan.Metadata.Tensors[0].Chunks[1].Offset {
		t.Errorf("tied: %+v", got)
	}
}
