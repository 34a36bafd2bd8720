package match

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// maxWork bounds how many tensors all tries of whatIf together may plan and match.
const maxWork = 100_000

// whatIf looks for one field of config.json that explains every fault: with a different value
// of it the tensors would match.
func (c *explainer) whatIf() *fault.Fault {
	if c.of.suppose == nil {
		return nil
	}
	tries := maxWork / (len(c.of.Model.Tensors) + 1000)
	for _, change := range c.changes() {
		if tries--; tries < 0 {
			return nil
		}
		plan := c.of.suppose(c.changed(change))
		if plan == nil {
			continue
		}
		probe := c.of.newMatcher()
		if probe.match(plan, c.of.Model); len(probe.faults) == 0 {
			return change.fault(c.found, c.lists(change))
		}
	}
	return nil
}

// changes are what may explain the faults, the likeliest first.
func (c *explainer) changes() (list []change) {
	m := c.found
	sizes, counts := sizes(m, c.of.Model.Tensors), numbers(m, c.of.Model.Tensors)
	for _, f := range c.of.fields {
		switch now := f.Value.(type) {
		case bool:
			if m != nil {
				list = append(list, change{field: f.Field, from: now, to: !now})
			}
		case int:
			for _, n := range counts {
				list = append(list, change{f.Field, now, n, true})
			}
			for _, s := range sizes {
				if to := s.scaled(int64(now)); to > 0 {
					list = append(list, change{f.Field, now, to, false})
				}
			}
		case nil:
			for _, s := range sizes {
				if m != nil && f.Kind == "int" {
					list = append(list, change{f.Field, nil, s.have, false})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b change) int { return cmp.Compare(a.rank(), b.rank()) })
	return list
}

// A size is a tensor's dimension that differs from what the config implies; want is 0 if the
// config implies none.
type size struct{ have, want int64 }

// scaled returns the value that a field would need, given its value now, if the size is a
// multiple of it; 0 if it is not.
func (s size) scaled(now int64) int64 {
	switch {
	case s.want == 0:
		return s.have
	case now <= 0 || s.want%now != 0 || s.have%(s.want/now) != 0:
		return 0
	}
	return s.have / (s.want / now)
}

// maxSizes is how many differing sizes are tried.
const maxSizes = 4

// sizes are those that differ from the config, each once; if nothing was matched, the rows of
// the largest tensors.
func sizes(m *matcher, all []tensor.Tensor) (list []size) {
	if m == nil {
		tensors := slices.Clone(all)
		slices.SortStableFunc(tensors, func(a, b tensor.Tensor) int { return cmp.Compare(b.Numel(), a.Numel()) })
		for i := range tensors {
			if len(tensors[i].Shape) == 2 {
				list = added(list, size{have: tensors[i].Shape[0]})
			}
		}
		return list
	}
	for _, f := range m.misfits {
		for d := range min(len(f.want), len(f.tensor.Shape)) {
			list = added(list, size{f.tensor.Shape[d], f.want[d]})
		}
	}
	return list
}

// added appends a size that differs and is not in the list yet.
func added(list []size, s size) []size {
	if s.have == s.want || slices.Contains(list, s) || len(list) == maxSizes {
		return list
	}
	return append(list, s)
}

// numbers are how many layers there may be by the first numbers in names: the lowest
// that is missing, or one more than the highest that is surplus; without a match one
// more than the highest there is.
func numbers(m *matcher, all []tensor.Tensor) []int64 {
	if m == nil {
		m = &matcher{}
		for i := range all {
			m.surplus = append(m.surplus, all[i].Name)
		}
	}
	low, high := int64(-1), int64(-1)
	for _, name := range m.missing {
		if n := firstNumber(name); n >= 0 && (low < 0 || n < low) {
			low = n
		}
	}
	for _, name := range m.surplus {
		high = max(high, firstNumber(name))
	}
	var list []int64
	for _, n := range []int64{low, high + 1} {
		if n > 0 && n <= int64(len(all)) { // each layer has tensors
			list = append(list, n)
		}
	}
	return list
}

// firstNumber is the first number in a name, -1 if there is none.
func firstNumber(name string) int64 {
	from := strings.IndexAny(name, "0123456789")
	if from < 0 {
		return -1
	}
	digits := name[from:]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return -1
	}
	return n
}
