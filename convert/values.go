package convert

import (
	"fmt"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/match"
	"hf2olmo/convert/tensor"
)

// checkValues refuses NaN, because the trainer's restore would fail on it without naming a
// tensor, and warns of what is seldom intended: infinity, and matrices of zeros, which remain if
// a download was cut off after its file had been given its full size.
func checkValues(m *match.Match, seen *assemble.Seen, allowNaN bool) (warnings []string, err error) {
	var faults fault.List
	warn := func(format string, args ...any) {
		warnings = append(warnings, fault.Printable(fmt.Sprintf(format, args...)))
	}
	infinite := &tally{what: "infinity: the loss is likely to be NaN"}
	zero := &tally{what: "only zeros: was the download cut off? Compare the file's checksum with the one on " +
		"the hub, or download it again"}
	for i := range m.Model.Tensors {
		t := &m.Model.Tensors[i]
		v := seen.Of(t.Name)
		switch {
		case !v.NaN:
		case allowNaN:
			warn("%s: %s: contains NaN", t.Where(), t.Name)
		default:
			faults = append(faults, &fault.Fault{File: t.Where(), Tensor: t.Name, Problem: "contains NaN",
				Hint: "The trainer cannot restore it. If it is meant to be there: --allow-nan."})
		}
		if v.Infinite {
			infinite.add(t)
		}
		if len(t.Shape) > 1 && v.Zeros > 0 && v.Zeros >= t.Numel() {
			zero.add(t)
		}
	}
	if len(faults) > 1 {
		faults = append(faults, &fault.Fault{File: m.Weights(), Lead: true,
			Problem: fmt.Sprintf("%d tensors contain NaN", len(faults)),
			Hint:    "The training diverged or the files are damaged: take an earlier checkpoint, or download them again."})
	}
	infinite.warn(warn)
	zero.warn(warn)
	for _, t := range m.Tensors {
		switch n := seen.Overflows(t.Name); {
		case n == 1:
			warn("%s: 1 element is too large for %s and became infinite", t.Name, t.Content.DType)
		case n > 1:
			warn("%s: %d elements are too large for %s and became infinite", t.Name, n, t.Content.DType)
		}
	}
	return warnings, faults.Err()
}

// A tally counts tensors with the same peculiarity, by their file.
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

func (y *tally) warn(warn func(format string, args ...any)) {
	for _, t := range y.first {
		if n := y.more[t.File]; n > 0 {
			warn("%s: %s and %d more contain %s", t.Where(), t.Name, n, y.what)
		} else {
			warn("%s: %s contains %s", t.Where(), t.Name, y.what)
		}
	}
}
