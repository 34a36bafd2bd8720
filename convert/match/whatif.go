package match

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// A change is a different value for one field of config.json.
type change struct {
	field     string
	from, to  any
	ofNumbers bool // of the numbers in names, not of sizes
}

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

// changed returns config.json with a changed field. Lists with one entry per layer are cut or
// extended to match.
func (c *explainer) changed(ch change) map[string]any {
	config := maps.Clone(c.of.Model.Config)
	config[ch.field] = ch.to
	to, _ := ch.to.(int64)
	for _, name := range c.lists(ch) {
		list := config[name].([]any)
		more := max(0, int(to)-len(list))
		config[name] = slices.Concat(list[:min(int(to), len(list))], slices.Repeat(list[len(list)-1:], more))
	}
	return config
}

// lists are the fields with one entry per layer, if the change is to the number of layers.
func (c *explainer) lists(ch change) (names []string) {
	for _, f := range c.of.fields {
		list, _ := c.of.Model.Config[f.Name].([]any)
		if ch.ofNumbers && f.Kind == "list" && len(list) > 0 && len(list) == ch.from {
			names = append(names, f.Name)
		}
	}
	return names
}

// fault words a change as what config.json should say. lists are fields that go with it.
func (ch change) fault(m *matcher, lists []string) *fault.Fault {
	f := &fault.Fault{File: "config.json", Hint: fmt.Sprintf("Set %s to %v in config.json.", ch.field, ch.to)}
	switch to := ch.to.(type) {
	case bool:
		f.Problem = fmt.Sprintf("says %s %v, but the tensors are those of a model in which it is %v",
			ch.field, ch.from, to)
		if len(m.missing) == 1 {
			f.Problem += ": " + m.missing[0] + " is missing"
		}
		f.Hint = fmt.Sprintf("If the model was trained that way, set %s to %v in config.json; "+
			"if not, save it again with all of its tensors.", ch.field, to)
	default:
		f.Problem = fmt.Sprintf("says %s %v, but the weights have %v", ch.field, ch.from, ch.to)
		if from, _ := ch.from.(int); ch.ofNumbers && int64(from) > ch.to.(int64) {
			f.Hint = fmt.Sprintf("If the model has %v, set %s to %v in config.json; "+
				"if not, its other weights are missing: download or save it again.", ch.to, ch.field, ch.to)
		}
		if len(lists) > 0 {
			f.Hint += fmt.Sprintf(" Give %s %v entries then, one per layer.", strings.Join(lists, " and "), ch.to)
		}
	}
	return f
}

// changes are what may explain the faults, the likeliest first.
func (c *explainer) changes() (list []change) {
	m := c.found
	sizes, counts := sizes(m, c.of.Model.Tensors), numbers(m, c.of.Model.Tensors)
	for _, f := range c.of.fields {
		switch now := f.Value.(type) {
		case bool:
			if m != nil {
				list = append(list, change{field: f.Name, from: now, to: !now})
			}
		case int:
			for _, n := range counts {
				list = append(list, change{f.Name, now, n, true})
			}
			for _, s := range sizes {
				if to := s.scaled(int64(now)); to > 0 {
					list = append(list, change{f.Name, now, to, false})
				}
			}
		case nil:
			for _, s := range sizes {
				if m != nil && f.Kind == "int" {
					list = append(list, change{f.Name, nil, s.have, false})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b change) int { return cmp.Compare(a.rank(), b.rank()) })
	return list
}

// rank orders what is tried: numbers of layers first, then the number of rows of the embedding,
// if config.json has a field of its own for it, then the vocabulary.
func (ch change) rank() int {
	switch {
	case ch.ofNumbers:
		return 0
	case ch.from == nil || strings.Contains(ch.field, "embedding"):
		return 1
	}
	return 2
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
