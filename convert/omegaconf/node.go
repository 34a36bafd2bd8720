package omegaconf

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

const (
	tagMap   = "!!map"
	tagSeq   = "!!seq"
	tagMerge = "!!merge"
)

// reader interprets the parser's nodes. Aliases share the node that they repeat.
type reader struct {
	lines   [][]rune // nil if no scalar can have the tag "!"
	anchors map[string]bool
	values  map[*yaml.Node]Value // of nodes read so far
	counts  map[*yaml.Node]int   // values below a node; 0 while it is being counted
}

// count counts the values. It refuses what is too deep, too large, or contains itself, and
// duplicate anchors.
func (r *reader) count(n *yaml.Node, depth int) (int, error) {
	if depth > maxDepth {
		return 0, errors.New("is nested deeper than any config")
	}
	n = target(n)
	if known, begun := r.counts[n]; begun {
		if known == 0 {
			return 0, errors.New("has an alias that contains itself")
		}
		return known, nil
	}
	if n.Anchor != "" && r.anchors[n.Anchor] {
		return 0, fmt.Errorf("line %d: has the anchor %q twice", n.Line, n.Anchor)
	}
	r.counts[n], r.anchors[n.Anchor] = 0, true
	total := 1
	for _, child := range n.Content {
		below, err := r.count(child, depth+1)
		if err != nil {
			return 0, err
		}
		if total += below; total > maxNodes {
			return 0, fmt.Errorf("has more than %d values", maxNodes)
		}
	}
	r.counts[n] = total
	return total, nil
}

// target returns the node that an alias repeats.
func target(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func (r *reader) read(n *yaml.Node) (Value, error) {
	n = target(n)
	if v, known := r.values[n]; known {
		return v, nil
	}
	var v Value
	var err error
	switch n.Kind {
	case yaml.ScalarNode:
		v, err = r.scalar(n)
	case yaml.SequenceNode:
		v, err = r.sequence(n)
	case yaml.MappingNode:
		v, err = r.mapping(n)
	default:
		err = errors.New("contains something that no config has")
	}
	if err == nil {
		r.values[n] = v
	}
	return v, err
}

func (r *reader) sequence(n *yaml.Node) (Value, error) {
	if tag := n.ShortTag(); tag != tagSeq {
		return Value{}, unknownTag(n)
	}
	items := make([]Value, 0, len(n.Content))
	for _, child := range n.Content {
		v, err := r.read(child)
		if err != nil {
			return v, err
		}
		items = append(items, v)
	}
	return Value{Data: items, There: true}, nil
}

func (r *reader) mapping(n *yaml.Node) (Value, error) {
	if tag := n.ShortTag(); tag != tagMap {
		return Value{}, unknownTag(n)
	}
	if err := r.flatten(n); err != nil {
		return Value{}, err
	}
	m := &Mapping{values: map[string]Value{}}
	for i := 0; i < len(n.Content); i += 2 {
		key, err := r.key(n.Content[i])
		if err != nil {
			return Value{}, err
		}
		v, err := r.read(n.Content[i+1])
		if err != nil {
			return v, err
		}
		m.set(key, v)
	}
	return Value{Data: m, There: true}, nil
}

// key reads a key. OmegaConf also accepts numbers and the like, but no field has such a name.
func (r *reader) key(n *yaml.Node) (string, error) {
	n = target(n)
	if n.Kind == yaml.ScalarNode && plain(n) && n.Value == "=" {
		return n.Value, nil
	}
	v, err := r.read(n)
	if err != nil {
		return "", err
	}
	key, ok := v.Data.(string)
	if !ok {
		return "", fmt.Errorf("line %d: has a key that is not text", n.Line)
	}
	return key, nil
}

// flatten puts the pairs of << before a mapping's own, in the nodes, like PyYAML: what is merged
// twice is there twice. The last of several equal keys counts.
func (r *reader) flatten(n *yaml.Node) error {
	own := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key := target(n.Content[i])
		if isMerge(key) {
			continue
		}
		name, err := r.key(key)
		if err != nil {
			return err
		}
		if own[name] {
			return fmt.Errorf("line %d: has the key %q twice", key.Line, name)
		}
		own[name] = true
	}
	var merged, rest []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		if !isMerge(target(n.Content[i])) {
			rest = append(rest, n.Content[i], n.Content[i+1])
			continue
		}
		pairs, err := r.merge(target(n.Content[i+1]))
		if err != nil {
			return err
		}
		merged = append(merged, pairs...)
	}
	if len(merged) == 0 {
		n.Content = rest
		return nil
	}
	var before []*yaml.Node
	for i := 0; i < len(merged); i += 2 {
		if name, err := r.key(merged[i]); err != nil || !own[name] {
			before = append(before, merged[i], merged[i+1])
		}
	}
	if len(before)+len(rest) > 2*maxNodes {
		return fmt.Errorf("line %d: merges more than %d values", n.Line, maxNodes)
	}
	n.Content = append(before, rest...)
	return nil
}

// merge returns the pairs of a value of <<: a mapping, or a list of them, of which the first
// that has a key counts.
func (r *reader) merge(n *yaml.Node) ([]*yaml.Node, error) {
	switch n.Kind {
	case yaml.MappingNode:
		err := r.flatten(n)
		return n.Content, err
	case yaml.SequenceNode:
		var pairs []*yaml.Node
		for _, child := range n.Content {
			inner := target(child)
			if inner.Kind != yaml.MappingNode {
				return nil, fmt.Errorf("line %d: merges something that is not a mapping", child.Line)
			}
			if err := r.flatten(inner); err != nil {
				return nil, err
			}
			if len(pairs)+len(inner.Content) > 2*maxNodes {
				return nil, fmt.Errorf("line %d: merges more than %d values", n.Line, maxNodes)
			}
			pairs = append(inner.Content[:len(inner.Content):len(inner.Content)], pairs...)
		}
		return pairs, nil
	}
	return nil, fmt.Errorf("line %d: merges something that is not a mapping", n.Line)
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && (key.Tag == tagMerge || plain(key) && key.Value == "<<")
}

func unknownTag(n *yaml.Node) error {
	return fmt.Errorf("line %d: has the tag %s, which no config uses", n.Line, n.Tag)
}
