package keymap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// A Prefix is what names of a model's tensors may begin with, as a model inside of another has them, and what its
// table has there.
type Prefix struct{ Of, For string }

func parsePrefixes(items yaml.MapSlice) ([]Prefix, error) {
	var list []Prefix
	for _, item := range items {
		p := Prefix{Of: fmt.Sprint(item.Key)}
		text, isText := item.Value.(string)
		if !isText || !wholeWords(p.Of) || text != "" && !wholeWords(text) {
			return nil, fmt.Errorf("%s: expected names of modules, each with a dot after it, or \"\"", p.Of)
		}
		p.For = text
		list = append(list, p)
	}
	slices.SortStableFunc(list, func(a, b Prefix) int { return cmp.Compare(len(b.Of), len(a.Of)) })
	return list, nil
}

// Bare returns the name that the table has for a tensor of the model: the longest prefix is replaced.
func (p *Plan) Bare(name string) string {
	bare, _ := bare(p.Prefixes, name)
	return bare
}

// bare replaces the longest prefix of a name, and says whether it has one. Longer ones come first.
func bare(prefixes []Prefix, name string) (string, bool) {
	for _, p := range prefixes {
		if rest, has := strings.CutPrefix(name, p.Of); has {
			return p.For + rest, true
		}
	}
	return name, false
}
