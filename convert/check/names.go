package check

import (
	"fmt"
	"strings"

	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// saved is a tensor of a checkpoint.
type saved struct {
	name  string
	shape []int64
	dtype tensor.DType // Invalid where it was not looked at
}

// nameTensors returns the tensors by the names that the trainer would know them by
// if they were saved correctly, or nil if they are another program's altogether. What is
// wrong with the names is added.
func (c tensorChecks) nameTensors(file string, tensors []saved) map[string]saved {
	var names []string
	for _, t := range tensors {
		names = append(names, t.name)
	}
	if _, families := keymap.FamiliesOf(names); len(families) > 0 {
		c.add("hf-names", about{file: file, found: names[0]}, "families", strings.Join(families, ", "))
		return nil
	}
	used := map[string]int{} // names behind a wrapper, by its prefix
	byName := map[string]saved{}
	for _, t := range tensors {
		name, had := c.target.Saved.Bare(t.name)
		for _, w := range had {
			used[w.Prefix]++
		}
		if _, taken := byName[name]; taken {
			name = t.name
		}
		byName[name] = t
	}
	for _, w := range c.target.Saved.Wrappers {
		n := used[w.Prefix]
		switch {
		case n == 0:
		case w.Stripped:
			c.add("wrapped-names/stripped", about{file: file}, "prefix", w.Prefix, "count", n, "wrapper", w.Of)
		default:
			c.add("wrapped-names/kept", about{file: file}, "prefix", w.Prefix, "count", n, "all", len(tensors),
				"wrapper", w.Of, "stripped", c.strips(), "command", stripCommand(file, w.Prefix))
		}
	}
	return byName
}

// strips lists the prefixes that the trainer itself takes off.
func (c tensorChecks) strips() string {
	var prefixes []string
	for _, w := range c.target.Saved.Wrappers {
		if w.Stripped {
			prefixes = append(prefixes, w.Prefix)
		}
	}
	return joined(prefixes)
}

func stripCommand(file, prefix string) string {
	return fmt.Sprintf(`python -c "import torch; s = torch.load('%s', map_location='cpu'); `+
		`torch.save({k.replace('%s', '', 1): v for k, v in s.items()}, '%s')"`, file, prefix, file)
}
