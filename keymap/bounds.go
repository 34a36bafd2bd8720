package keymap

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/goccy/go-yaml"
)

// What an expression may cost. A table may come from anybody, and so may the
// config that it is applied to: neither alone, nor both together, may keep the
// program busy or fill its memory.
const (
	maxExpression = 2000  // characters of an expression or a message
	maxNodes      = 250   // of its syntax tree; the largest bundled one has 40
	maxText       = 4096  // bytes of a string that an expression makes
	maxValue      = 20000 // bytes of strings, and entries, that a field of config.json brings in
	maxLoops      = 16    // any(), map() and the like in one table
	maxRules      = 200   // entries of a section
	maxParts      = 16    // of a tensor
)

// functions are those that an expression may call, besides those of functions.go; loops are those of
// them that go through a list.
var (
	functions = []string{"any", "all", "map", "filter", "string", "len", "abs", "ceil", "min", "max"}
	loops     = []string{"any", "all", "map", "filter"}
)

// bounds walks an expression before it is compiled, because folding constants alone
// can use up all memory. It refuses what no table needs and what can grow.
type bounds struct {
	err   error
	names []string // that it refers to
}

// Visit is called for every node, a node's children before itself.
func (b *bounds) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		b.names = append(b.names, n.Value)
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		b.refuse(node, "variables and sequences")
	case *ast.CallNode:
		if name, ok := n.Callee.(*ast.IdentifierNode); !ok || own[name.Value] == nil {
			b.refuse(node, "calls")
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "matches", "|":
			b.refuse(node, "the operator "+n.Operator)
		}
	case *ast.BuiltinNode:
		if !slices.Contains(functions, n.Name) { // some cannot be disabled
			b.refuse(node, "functions such as "+n.Name)
		}
		if isLoop(*node) && slices.ContainsFunc(n.Arguments[1:], holdsLoop) {
			b.refuse(node, "loops within loops")
		}
	}
}

func isLoop(node ast.Node) bool {
	n, ok := node.(*ast.BuiltinNode)
	return ok && slices.Contains(loops, n.Name)
}

func holdsLoop(node ast.Node) bool { return ast.Find(node, isLoop) != nil }

// refuse records why, and replaces the node before it is evaluated.
func (b *bounds) refuse(node *ast.Node, what string) {
	if b.err == nil {
		b.err = fmt.Errorf("%s are not allowed in a table", what)
	}
	ast.Patch(node, &ast.NilNode{})
}

// fits reports whether a value of a config is of a size that an expression may be
// given, and takes its size from left.
func fits(v any, left *int) bool {
	*left--
	switch v := v.(type) {
	case string:
		*left -= len(v)
	case []any:
		for _, e := range v {
			if !fits(e, left) {
				return false
			}
		}
	case map[string]any:
		for key, e := range v {
			if *left -= len(key); !fits(e, left) {
				return false
			}
		}
	}
	return *left >= 0
}

var loop = regexp.MustCompile(`(any|all|map|filter)\s*\(`)

// checkCounts refuses a table that has more of something than any table needs.
func (y *tableYAML) checkCounts() error {
	for section, n := range map[string]int{"fields": len(y.Fields), "let": len(y.Let), "refuse": entries(y.Refuse),
		"config": len(y.Config), "tensors": len(y.Tensors), "drop": len(y.Drop), "prefixes": len(y.Prefixes),
		"export": len(y.Export)} {
		if n > maxRules {
			return fmt.Errorf("%s: %d entries: at most %d", section, n, maxRules)
		}
	}
	if n := len(loop.FindAllString(fmt.Sprint(*y), -1)); n > maxLoops {
		return fmt.Errorf("any(), map() and the like are used %d times: at most %d", n, maxLoops)
	}
	return nil
}

// entries counts those of a map or a list.
func entries(v any) int {
	switch v := v.(type) {
	case yaml.MapSlice:
		return len(v)
	case []any:
		return len(v)
	}
	return 0
}
