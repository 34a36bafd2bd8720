package inspect

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"hf2olmo/convert/tensor"
)

// Values sums up the elements of a tensor. Min, Max and Mean are of the finite ones,
// and nil if there are none.
type Values struct {
	Min  *float64 `json:"min"`
	Max  *float64 `json:"max"`
	Mean *float64 `json:"mean"`
	NaN  int64    `json:"nan"`
	Inf  int64    `json:"inf"`
}

// part is what a piece of a tensor adds to its values.
type part struct {
	offset        int64 // in the tensor
	min, max, sum float64
	finite        int64
	nan, inf      int64
}

// Progress receives the number of bytes that were read, from many goroutines.
type Progress func(n int64)

// Measure reads all elements once, in parallel, and fills in the values of each
// tensor whose dtype has a meaning as a number. Sums are added up piece by piece in
// the order of the tensor, so the same file gives the same mean. A record whose checksum
// is wrong is an error.
func (r *Report) Measure(ctx context.Context, jobs int, progress Progress) error {
	var contents []*tensor.Content
	var all []tensor.Tensor
	var of []*Tensor
	for i := range r.Tensors {
		t := &r.Tensors[i]
		if t.readable != nil && decoder(t.readable.DType) != nil {
			contents = append(contents, &tensor.Content{DType: t.readable.DType, Parts: []*tensor.Tensor{t.readable}})
			all, of = append(all, *t.readable), append(of, t)
		}
	}
	files, err := tensor.OpenFiles(all)
	if err != nil {
		return err
	}
	defer files.Close()
	parts := make([][]part, len(contents))
	var mu sync.Mutex
	visit := func(_ *tensor.Gatherer, p tensor.Piece, data []byte) error {
		measured := measure(data, contents[p.Content].DType)
		measured.offset = p.Offset
		mu.Lock()
		parts[p.Content] = append(parts[p.Content], measured)
		mu.Unlock()
		if progress != nil {
			progress(p.Length)
		}
		return nil
	}
	if err := tensor.Sweep(ctx, files, contents, jobs, func() tensor.Visitor { return visit }); err != nil {
		return err
	}
	if err := files.CheckRecords(ctx); err != nil {
		return err
	}
	for i, t := range of {
		t.Values = combine(parts[i])
	}
	return files.Unchanged()
}

// Readable returns how many bytes Measure reads.
func (r *Report) Readable() int64 {
	n := int64(0)
	for i := range r.Tensors {
		if t := &r.Tensors[i]; t.readable != nil && decoder(t.readable.DType) != nil {
			n += t.Bytes
		}
	}
	return n
}

// measure decodes a block at a time, which stays in the processor's nearest cache.
func measure(data []byte, dtype tensor.DType) part {
	p := part{min: math.Inf(1), max: math.Inf(-1)}
	decode, size := decoder(dtype), int(dtype.Size())
	var block [1024]float64
	for len(data) > 0 {
		values := block[:min(len(block), len(data)/size)]
		decode(values, data)
		data = data[len(values)*size:]
		p.add(values)
	}
	return p
}

func (p *part) add(values []float64) {
	low, high, sum, finite := p.min, p.max, p.sum, int64(0)
	for _, v := range values {
		if v-v != 0 { // infinite, or NaN
			if v != v {
				p.nan++
			} else {
				p.inf++
			}
			continue
		}
		finite++
		sum += v
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	p.min, p.max, p.sum = low, high, sum
	p.finite += finite
}

func combine(parts []part) *Values {
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.offset, b.offset) }) // workers end in any order
	all := part{min: math.Inf(1), max: math.Inf(-1)}
	for _, p := range parts {
		all.min, all.max = min(all.min, p.min), max(all.max, p.max)
		all.sum += p.sum
		all.finite += p.finite
		all.nan += p.nan
		all.inf += p.inf
	}
	v := &Values{NaN: all.nan, Inf: all.inf}
	if all.finite > 0 {
		mean := all.sum / float64(all.finite)
		v.Min, v.Max = &all.min, &all.max
		if !math.IsInf(mean, 0) {
			v.Mean = &mean
		}
	}
	return v
}
