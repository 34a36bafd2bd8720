package convert

import (
	"sync"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// seen is what a copy sees of the values that pass. Workers share it.
type seen struct {
	mu    sync.Mutex
	parts map[string]values // by the model's tensors, those of which there is something to tell
	over  map[string]int64  // elements that a cast made infinite, by the target's tensors
}

type values struct {
	nan, infinite bool
	zeros         int64 // elements of pieces that hold nothing else
}

// piece notes what a piece of a target's tensor, from the byte off of its content,
// tells of its parts. A cast made overflows of its elements infinite.
func (s *seen) piece(t *Tensor, off int64, buffer []byte, overflows int64) {
	if overflows > 0 {
		s.mu.Lock()
		s.over[t.Name] += overflows
		s.mu.Unlock()
	}
	dtype := t.Content.DType
	at := -off // of the part, in the buffer
	for _, part := range t.Content.Parts {
		size := part.Numel() * dtype.Size()
		if from, to := max(at, 0), min(at+size, int64(len(buffer))); from < to {
			special := tensor.Look(buffer[from:to], dtype)
			special.Infinite = special.Infinite && overflows == 0
			s.part(part.Name, special, (to-from)/dtype.Size())
		}
		at += size
	}
}

func (s *seen) part(name string, special tensor.Special, elements int64) {
	if special == (tensor.Special{}) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.parts[name]
	v.nan, v.infinite = v.nan || special.NaN, v.infinite || special.Infinite
	if special.Zero {
		v.zeros += elements
	}
	s.parts[name] = v
}

// judge refuses NaN, for the trainer's restore would fail on it without naming a
// tensor, and warns of what is seldom meant: infinity, and matrices of zeros, which a
// download that was cut off leaves where its file had its whole size from the start.
func (c *Conversion) judge(s *seen) error {
	var faults fault.List
	infinite := &tally{what: "infinity: the loss is likely to be NaN"}
	zero := &tally{what: "nothing but zeros: was the download cut off? Compare the file's checksum with the one on its page, or download it again"}
	for i := range c.Model.Tensors {
		t := &c.Model.Tensors[i]
		v := s.parts[t.Name]
		switch {
		case !v.nan:
		case c.options.AllowNaN:
			c.warn("%s: %s: holds NaN", t.File.Name, t.Name)
		default:
			faults = append(faults, &fault.Fault{File: t.File.Name, Tensor: t.Name, Problem: "holds NaN",
				Hint: "The trainer cannot restore it. If it is meant to be there: --allow-nan."})
		}
		if v.infinite {
			infinite.add(t)
		}
		if len(t.Shape) > 1 && v.zeros > 0 && v.zeros >= t.Numel() {
			zero.add(t)
		}
	}
	c.warnOf(infinite)
	c.warnOf(zero)
	for _, t := range c.Tensors {
		switch n := s.over[t.Name]; {
		case n == 1:
			c.warn("%s: 1 element is too large for %s and became infinite", t.Name, t.Content.DType)
		case n > 1:
			c.warn("%s: %d elements are too large for %s and became infinite", t.Name, n, t.Content.DType)
		}
	}
	return faults.Err()
}

// A tally counts tensors that hold the same, by their file.
type tally struct {
	what  string
	first []*tensor.Tensor // of each file
	more  map[*tensor.File]int
}

func (y *tally) add(t *tensor.Tensor) {
	if y.more == nil {
		y.more = map[*tensor.File]int{}
	}
	if n, known := y.more[t.File]; known {
		y.more[t.File] = n + 1
		return
	}
	y.more[t.File] = 0
	y.first = append(y.first, t)
}

func (c *Conversion) warnOf(y *tally) {
	for _, t := range y.first {
		if n := y.more[t.File]; n > 0 {
			c.warn("%s: %s and %d more hold %s", t.File.Name, t.Name, n, y.what)
		} else {
			c.warn("%s: %s holds %s", t.File.Name, t.Name, y.what)
		}
	}
}
