package keymap

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A table that extends another contains only what differs from it. It is written out whole
// before it is read, so that what is read is what hf2olmo keymap prints:
//
//	maps are merged by key, at every depth; null removes an entry
//	anything else, lists too, replaces what was there
//	a new entry follows the one above it in the table; at the top, it precedes the one below it
//
// In config, null is the value that a field gets, and removes nothing.

// sections are the keys of a table in the order in which they are printed.
var sections = []string{"family", "target", "match", "native", "inside", "fields", "harmless", "let", "refuse",
	"config", "prefixes", "tensors", "drop", "export"}

// maxExtends is how many tables can extend each other in a row.
const maxExtends = 8

// flatten returns the complete text of a table, with what it extends put in. depth counts the
// tables that extend it.
func flatten(text []byte, depth int) ([]byte, error) {
	if depth > maxExtends {
		return nil, fmt.Errorf("extends: more than %d tables in a row", maxExtends)
	}
	own, err := readTree(text)
	if err != nil {
		return nil, err
	}
	name := own.take("extends")
	if name == nil {
		return text, nil
	}
	base, err := TableNamed(name.Value)
	if err != nil {
		return nil, fmt.Errorf("extends: %w", err)
	}
	whole, err := base.flattened(depth + 1)
	if err != nil {
		return nil, fmt.Errorf("extends %s: %w", name.Value, err)
	}
	tree, err := readTree(whole)
	if err != nil {
		return nil, fmt.Errorf("extends %s: %w", name.Value, err)
	}
	if target := own.get("target"); target != nil && target.Value != base.Target {
		return nil, fmt.Errorf("extends: %s is a table for %s, and this one is for %s", name.Value, base.Target, target.Value)
	}
	if tree, err = merge(tree, own, ""); err != nil {
		return nil, err
	}
	return tree.print()
}

// A tree is a mapping of a YAML document, with the comments of its nodes.
type tree []entry

// An entry of a tree; value is nil if the entry was removed.
type entry struct{ key, value *yaml.Node }

// readTree parses a table without interpreting it.
func readTree(text []byte) (t tree, err error) {
	if err := checkYAML(string(text)); err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil {
			err = errors.New("is not valid YAML")
		}
	}()
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, firstLine(err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("is not a mapping of sections")
	}
	root := document.Content[0]
	if err := checkNode(root); err != nil {
		return nil, err
	}
	if len(root.Content) > 0 && document.HeadComment != "" {
		first := root.Content[0]
		first.HeadComment = strings.TrimSpace(document.HeadComment + "\n\n" + first.HeadComment)
	}
	return treeOf(root), nil
}

// checkNode refuses aliases, keys that are not texts, and duplicate keys.
func checkNode(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return fmt.Errorf("line %d: anchors and aliases are not allowed", n.Line)
	}
	used := map[string]bool{}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if child.Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: a key is not a text", child.Line)
			}
			if used[child.Value] {
				return fmt.Errorf("line %d: the key %q is used twice", child.Line, child.Value)
			}
			used[child.Value] = true
		}
		if err := checkNode(child); err != nil {
			return err
		}
	}
	return nil
}

func treeOf(mapping *yaml.Node) tree {
	var t tree
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		t = append(t, entry{mapping.Content[i], mapping.Content[i+1]})
	}
	return t
}

// merge returns base changed by own. section is their place in the table, "" for the whole.
func merge(base, own tree, section string) (tree, error) {
	merged := slices.Clone(base)
	var first []entry // new ones above all that base has
	last := -1        // index in merged of the entry before
	for _, e := range own {
		at := merged.find(e.key.Value)
		switch {
		case at < 0 && isNull(e.value) && section != "config":
			return nil, fmt.Errorf("%s: null removes what is extended, which has no such entry", inside(section, e))
		case at < 0 && last < 0:
			first = append(first, e)
			continue
		case at < 0:
			last++
			merged = slices.Insert(merged, last, e)
			continue
		}
		one, err := mergeEntry(merged[at], e, section)
		if err != nil {
			return nil, err
		}
		merged[at] = one
		if last = at; first != nil {
			merged, last, first = slices.Insert(merged, at, first...), at+len(first), nil
		}
	}
	merged = append(merged, first...)
	return slices.DeleteFunc(merged, func(e entry) bool { return e.value == nil }), nil
}

// mergeEntry returns an entry of base changed by own.
func mergeEntry(base, own entry, section string) (entry, error) {
	switch {
	case isNull(own.value) && section != "config":
		return entry{key: base.key}, nil
	case base.value != nil && base.value.Kind == yaml.MappingNode && own.value.Kind == yaml.MappingNode:
		inner, err := merge(treeOf(base.value), treeOf(own.value), inside(section, own))
		if err != nil {
			return own, err
		}
		merged := *base.value
		merged.Content = nil
		for _, e := range inner {
			merged.Content = append(merged.Content, e.key, e.value)
		}
		own.value = &merged
	case section != "": // the comment of an entry is about the value that it had
		return own, nil
	}
	if own.key.HeadComment == "" {
		key := *own.key
		key.HeadComment = base.key.HeadComment
		own.key = &key
	}
	return own, nil
}

// inside returns the place of an entry of a section.
func inside(section string, e entry) string {
	return strings.TrimPrefix(section+": "+e.key.Value, ": ")
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func (t tree) find(key string) int {
	return slices.IndexFunc(t, func(e entry) bool { return e.key.Value == key })
}

func (t tree) get(key string) *yaml.Node {
	if i := t.find(key); i >= 0 {
		return t[i].value
	}
	return nil
}

// take removes an entry and returns its value, nil if there is none. A comment above the first
// entry is about the table, so it stays.
func (t *tree) take(key string) *yaml.Node {
	i := t.find(key)
	if i < 0 {
		return nil
	}
	taken := (*t)[i]
	*t = slices.Delete(*t, i, i+1)
	if next := *t; i == 0 && len(next) > 0 && next[0].key.HeadComment == "" {
		next[0].key.HeadComment = taken.key.HeadComment
	}
	return taken.value
}

// print writes a table, its sections in their usual order.
func (t tree) print() ([]byte, error) {
	slices.SortStableFunc(t, func(a, b entry) int { return rank(a) - rank(b) })
	var text bytes.Buffer
	for i, e := range t {
		if i > 0 && e.value.Kind != yaml.ScalarNode {
			text.WriteByte('\n')
		}
		encoder := yaml.NewEncoder(&text)
		encoder.SetIndent(2)
		if err := encoder.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{e.key, e.value}}); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// rank orders sections for print; unknown ones come last.
func rank(e entry) int {
	if i := slices.Index(sections, e.key.Value); i >= 0 {
		return i
	}
	return len(sections)
}
