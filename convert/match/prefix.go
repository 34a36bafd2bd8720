package match

import (
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
)

// explainPrefix returns one fault instead of many if names of the model differ from those of
// the table by a prefix alone, as when a program saved the state dict of its wrapper or of the
// bare model, and removes those many from the matcher; nil if there is no such prefix.
func (m *matcher) explainPrefix() *fault.Fault {
	p, n := commonPrefix(m.missing, m.surplus)
	if n == 0 {
		return nil
	}
	f := &fault.Fault{File: m.files, Problem: fmt.Sprintf("%d tensor names begin with %q, which does not "+
		"belong there", n, p.text),
		Hint: "A wrapper was saved (DistributedDataParallel, torch.compile or another): save the model inside " +
			"it with save_pretrained."}
	if p.lacking {
		f.Problem = fmt.Sprintf("%d tensor names lack the prefix %q", n, p.text)
		f.Hint = "The bare model was saved: load it with AutoModelForCausalLM, and save it again with save_pretrained."
	}
	there, explained := set(m.surplus), map[string]bool{}
	for _, name := range m.missing {
		if other := p.of(name); there[other] {
			explained[name], explained[other] = true, true
		} else if p.lacking { // transformers would make it up
			f.Hint = "The bare model was saved, without " + name + ": save the whole model again where it was trained, " +
				"or set tie_word_embeddings to true in config.json if it was trained that way."
		}
	}
	m.faults = slices.DeleteFunc(m.faults, func(other *fault.Fault) bool { return explained[other.Tensor] })
	return f
}

// A prefix is what names of the model have in front of those of the table, or lack.
type prefix struct {
	text    string
	lacking bool
}

// of returns the model's name for one of the table.
func (p prefix) of(name string) string {
	if p.lacking {
		return strings.TrimPrefix(name, p.text)
	}
	return p.text + name
}

// How many of the missing names commonPrefix tries, so that a head that was not saved does not
// hide the prefix of the others, and how many prefixes for each: names made to have many would
// take forever.
const (
	maxTriedNames    = 4
	maxTriedPrefixes = 2
)

// commonPrefix returns the prefix by which most of the missing names differ from surplus ones,
// and how many do; 0 if there is none.
func commonPrefix(missing, surplus []string) (p prefix, n int) {
	there := set(surplus)
	for _, name := range missing[:min(maxTriedNames, len(missing))] {
		tried := 0
		for _, other := range surplus {
			long, short := other, name
			if p.lacking = len(other) < len(name); p.lacking {
				long, short = name, other
			}
			p.text = strings.TrimSuffix(long, short)
			if p.text == long || !strings.HasSuffix(p.text, ".") {
				continue
			}
			if tried++; tried > maxTriedPrefixes {
				break
			}
			n = 0
			for _, name := range missing {
				if there[p.of(name)] {
					n++
				}
			}
			if 2*n > len(missing) {
				return p, n
			}
		}
	}
	return prefix{}, 0
}

func set(names []string) map[string]bool {
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	return there
}
