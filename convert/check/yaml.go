package check

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// value is a YAML value as the trainer's OmegaConf reads it.
type value struct {
	data  any    // nil, bool, int64, float64, string, []value or *mapping
	plain string // the text of a scalar without quotes, else ""
	there bool
}

// mapping is a YAML mapping in its order.
type mapping struct {
	keys   []string
	values map[string]value
}

func (m *mapping) get(key string) value {
	if m == nil {
		return value{}
	}
	return m.values[key]
}

// section returns the mapping under a key, nil where there is none.
func (m *mapping) section(key string) *mapping {
	inner, _ := m.get(key).data.(*mapping)
	return inner
}

// interpolated reports whether the value is filled in by OmegaConf from elsewhere.
func (v value) interpolated() bool {
	s, ok := v.data.(string)
	return ok && strings.Contains(s, "${")
}

// Bounds on a config.yaml: a real one has some thousand bytes, and with all paths of
// a large data set a few hundred thousand.
const (
	largestConfig = 4 << 20
	deepestConfig = 100
)

// parseYAML reads a YAML document.
func parseYAML(text []byte) (v value, err error) {
	// The parser is not made for hostile input: it recurses, and has panicked.
	defer func() {
		if recover() != nil {
			v, err = value{}, errors.New("cannot be parsed")
		}
	}()
	switch {
	case len(text) > largestConfig:
		return v, fmt.Errorf("has %d bytes, which no config needs", len(text))
	case !utf8.Valid(text):
		return v, errors.New("is not UTF-8 text")
	case tooDeep(string(text)):
		return v, errors.New("is nested deeper than any config")
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return v, errors.New(line)
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); doc.Body != nil && !directive {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) > 1 {
		return v, errors.New("holds more than one document")
	}
	if len(bodies) == 0 {
		return value{there: true}, nil
	}
	r := reader{anchors: map[string]value{}}
	return r.read(bodies[0], 0)
}

// tooDeep reports whether brackets or list marks pile up, which would cost the parser
// time and stack.
func tooDeep(text string) bool {
	depth := 0
	for _, line := range strings.Split(text, "\n") {
		depth = max(0, depth+strings.Count(line, "[")+strings.Count(line, "{")-strings.Count(line, "]")-strings.Count(line, "}"))
		if depth > deepestConfig || strings.Count(line, "[")+strings.Count(line, "{") > 100*deepestConfig {
			return true
		}
		marks := strings.Count(line, "- ") + strings.Count(line, "? ") + strings.Count(line, "!") + strings.Count(line, "&")
		if indent := len(line) - len(strings.TrimLeft(line, " ")); marks > deepestConfig || indent > 10*deepestConfig {
			return true
		}
	}
	return false
}

// reader turns the parser's nodes into values.
type reader struct{ anchors map[string]value }

func (r *reader) read(node ast.Node, depth int) (value, error) {
	if depth > deepestConfig {
		return value{}, errors.New("is nested deeper than any config")
	}
	switch n := node.(type) {
	case nil, *ast.NullNode:
		return value{there: true}, nil
	case *ast.MappingNode:
		return r.mapping(n.Values, depth)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		items := make([]value, 0, len(n.Values))
		for _, item := range n.Values {
			v, err := r.read(item, depth+1)
			if err != nil {
				return v, err
			}
			items = append(items, v)
		}
		return value{data: items, there: true}, nil
	case *ast.AnchorNode:
		v, err := r.read(n.Value, depth+1)
		r.anchors[n.Name.GetToken().Value] = v
		return v, err
	case *ast.AliasNode:
		v, ok := r.anchors[n.Value.GetToken().Value]
		if !ok {
			return v, errors.New("uses an alias that is not defined")
		}
		return v, nil
	case *ast.TagNode:
		return r.read(n.Value, depth+1)
	case *ast.LiteralNode:
		return value{data: n.Value.Value, there: true}, nil
	case ast.ScalarNode:
		return scalar(n), nil
	}
	return value{}, errors.New("holds something that no config has")
}

func (r *reader) mapping(pairs []*ast.MappingValueNode, depth int) (value, error) {
	m := &mapping{values: map[string]value{}}
	var merged []*mapping
	for _, pair := range pairs {
		v, err := r.read(pair.Value, depth+1)
		if err != nil {
			return v, err
		}
		if inner, ok := v.data.(*mapping); ok && pair.Key.IsMergeKey() {
			merged = append(merged, inner)
			continue
		}
		key := pair.Key.GetToken().Value
		if _, twice := m.values[key]; twice {
			return v, fmt.Errorf("has the key %q twice", key)
		}
		m.keys = append(m.keys, key)
		m.values[key] = v
	}
	for _, inner := range merged {
		for _, key := range inner.keys {
			if _, own := m.values[key]; !own {
				m.keys = append(m.keys, key)
				m.values[key] = inner.values[key]
			}
		}
	}
	return value{data: m, there: true}, nil
}
