package verify

import (
	"maps"
	"slices"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tokenizers"
)

// compareTokenizers compares the tokenizers of the two: files that say the same in other words are
// the same.
func (c *ofAny) compareTokenizers() error {
	own, found := c.a.tokenizer(c.options.NoFollow), c.b.tokenizer(c.options.NoFollow)
	switch {
	case own == found:
		return nil
	case own == "":
		c.Warn("%s has no %s, so no tokenizers were compared", c.a.path, tokenizers.FileName)
		return nil
	case found == "":
		c.Warn("%s has no %s, so no tokenizers were compared", c.b.path, tokenizers.FileName)
		return nil
	}
	differing, err := differingParts(own, found)
	for _, part := range differing {
		if slices.Contains(unused, part) {
			c.Warn("%s: %s is not that of %s", tokenizers.FileName, part, c.a.path)
			continue
		}
		c.Field(tokenizers.FileName, part, "the same contents", "different contents")
	}
	return err
}

// unused are the parts of a tokenizer that libraries set when they encode.
var unused = []string{"version", "truncation", "padding"}

// tokenizer returns the path of a side's tokenizer.json, "" if there is none.
func (s *side) tokenizer(noFollow bool) string {
	if s.model != nil {
		if s.model.Tokenizer == nil {
			return ""
		}
		return s.model.Tokenizer.Path
	}
	if path := hf.FindTokenizer(s.dir); path != "" || noFollow || s.target() != "olmo" {
		return path
	}
	written, err := olmo.ReadConfig(s.dir)
	if err != nil || written.Tokenizer == "" {
		return ""
	}
	return hf.FindTokenizer(written.Tokenizer)
}

// differingParts returns the parts of two files in which they say something else.
func differingParts(own, found string) (parts []string, err error) {
	a, err := tokenizers.Parts(own)
	if err != nil {
		return nil, err
	}
	b, err := tokenizers.Parts(found)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a[name] != b[name] {
			parts = append(parts, name)
		}
	}
	return parts, nil
}
