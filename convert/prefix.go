package convert

import (
	"fmt"
	"strings"

	"hf2olmo/convert/fault"
)

// explainPrefix puts one fault in place of many where names of the model differ from
// those of the table by a prefix alone, as when a program saved its wrapper's state
// dict, or the bare model's: two lines a tensor hide what is wrong.
func (m *matcher) explainPrefix(surplus []string) {
	prefix, lacking := commonPrefix(m.missing, surplus)
	if prefix == "" {
		return
	}
	n, explained := pairs(prefix, lacking, m.missing, surplus)
	f := &fault.Fault{File: m.files, Problem: fmt.Sprintf("%d names of tensors begin with %q, which is not part of them", n, prefix),
		Hint: "A wrapper was saved (DistributedDataParallel, torch.compile or another): save the model inside it with save_pretrained."}
	if lacking {
		f.Problem = fmt.Sprintf("%d names of tensors lack the %q that they should begin with", n, prefix)
		f.Hint = "The bare model was saved: load it with AutoModelForCausalLM, and save it again with save_pretrained."
	}
	rest := fault.List{f}
	for _, other := range m.faults {
		if !explained[other.Tensor] {
			rest = append(rest, other)
		}
	}
	m.faults = rest
}

// How many of the missing names commonPrefix looks for, so that a head that was not
// saved does not hide the prefix of the others, and how many prefixes it tries for
// each: names made to have many would take for ever.
const (
	triedNames    = 8
	triedPrefixes = 4
)

// commonPrefix returns the prefix that tells most of the missing names from surplus
// ones, "" where there is none; lacking reports that it is the surplus ones that lack it.
func commonPrefix(missing, surplus []string) (prefix string, lacking bool) {
	for _, name := range missing[:min(triedNames, len(missing))] {
		tried := 0
		for _, other := range surplus {
			long, short := other, name
			if lacking = len(other) < len(name); lacking {
				long, short = name, other
			}
			prefix, ok := strings.CutSuffix(long, short)
			if !ok || !strings.HasSuffix(prefix, ".") {
				continue
			}
			if tried++; tried > triedPrefixes {
				break
			}
			if n, _ := pairs(prefix, lacking, missing, surplus); 2*n > len(missing) {
				return prefix, lacking
			}
		}
	}
	return "", false
}

// pairs returns how many of the missing names have a surplus one that differs by the
// prefix, and the names of both.
func pairs(prefix string, lacking bool, missing, surplus []string) (n int, names map[string]bool) {
	there := map[string]bool{}
	for _, name := range surplus {
		there[name] = true
	}
	names = map[string]bool{}
	for _, name := range missing {
		other := prefix + name
		if lacking {
			var ok bool
			if other, ok = strings.CutPrefix(name, prefix); !ok {
				continue
			}
		}
		if there[other] {
			names[name], names[other] = true, true
			n++
		}
	}
	return n, names
}
