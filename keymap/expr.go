package keymap

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// expression is a compiled expression of a table, with the text for messages.
type expression struct {
	text    string
	program *vm.Program
	names   []string // that it uses
}

// scope is the set of names that an expression may use.
type scope map[string]bool

func (s scope) with(names ...string) scope {
	wider := scope{}
	for name := range s {
		wider[name] = true
	}
	for _, name := range names {
		wider[name] = true
	}
	return wider
}

// compile checks text against the names in scope: an unknown name is an error when
// the table is read, not when a model is converted. Expressions loop over lists only,
// and their results are bounded (bounds.go), so all of them end soon.
func compile(text string, names scope) (*expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("an expression of %d characters: at most %d", len(text), maxExpression)
	}
	if same, ok := compiled.Load(text); ok {
		e := same.(*expression)
		if !slices.ContainsFunc(e.names, func(name string) bool { return !names[name] }) {
			return e, nil
		}
	}
	known := types.Map{}
	for name := range names {
		known[name] = types.Any
	}
	var b bounds
	options := []expr.Option{expr.Env(known), expr.MaxNodes(maxNodes), expr.Patch(&b), expr.DisableAllBuiltins(),
		expr.Optimize(false)}
	for name, function := range own {
		options = append(options, expr.Function(name, function))
	}
	for _, name := range functions {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, options...)
	if b.err != nil {
		err = b.err
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, firstLine(err))
	}
	e := &expression{text, program, b.names}
	compiled.LoadOrStore(text, e)
	return e, nil
}

// compiled are the *expressions so far, by their texts: tables that extend each other have most of them in
// common, and to compile one takes longer than to evaluate it. What it is compiled to does not depend on
// the names that it does not use.
var compiled sync.Map

// compileMatch compiles a table's match expression, which sees the whole config.json
// as config. A missing field is nil.
func compileMatch(text string) (*expression, error) {
	return compile(text, scope{"config": true})
}

// firstLine cuts off the excerpt that expr adds to its errors.
func firstLine(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%s", line)
}

func (e *expression) eval(env map[string]any) (any, error) {
	machine := vm.VM{MemoryBudget: maxValue} // total entries of all lists that it makes
	v, err := machine.Run(e.program, env)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", e.text, firstLine(err))
	}
	if s, ok := v.(string); ok && len(s) > maxText {
		return nil, fmt.Errorf("%q makes a text of %d bytes: at most %d", e.text, len(s), maxText)
	}
	return v, nil
}

func (e *expression) bool(env map[string]any) (bool, error) {
	v, err := e.eval(env)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("%q is %v, not true or false", e.text, v)
	}
	return b, nil
}

func (e *expression) string(env map[string]any) (string, error) {
	v, err := e.eval(env)
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%q is %v, not a text", e.text, v)
	}
	return s, nil
}

// int evaluates a size. Division gives floats, so whole floats count as integers.
func (e *expression) int(env map[string]any) (int64, error) {
	v, err := e.eval(env)
	if err != nil {
		return 0, err
	}
	n, ok := wholeNumber(v)
	if !ok || n < 0 {
		return 0, fmt.Errorf("%q is %v, not a size", e.text, v)
	}
	return int64(n), nil
}

// wholeNumber returns v as an integer if it is one, below 2^53 and no larger than an int of this machine.
func wholeNumber(v any) (int, bool) {
	var whole int64
	switch n := v.(type) {
	case int:
		whole = int64(n)
	case int64:
		whole = n
	case float64:
		if n != math.Trunc(n) || math.Abs(n) >= maxWhole {
			return 0, false
		}
		whole = int64(n)
	default:
		return 0, false
	}
	return int(whole), -maxWhole < whole && whole < maxWhole && int64(int(whole)) == whole
}

// maxWhole bounds whole numbers: from there on a float64 no longer has all of them.
const maxWhole = 1 << 53

// text is a message with {expressions} in it.
type text struct {
	parts []string      // before, between and after the expressions
	exprs []*expression // one fewer than parts
}

var braces = regexp.MustCompile(`\{([^{}]+)\}`)

func compileText(s string, names scope) (*text, error) {
	if len(s) > maxExpression {
		return nil, fmt.Errorf("a message of %d characters: at most %d", len(s), maxExpression)
	}
	t := &text{}
	at := 0
	for _, m := range braces.FindAllStringSubmatchIndex(s, -1) {
		e, err := compile(s[m[2]:m[3]], names)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, s[at:m[0]])
		t.exprs = append(t.exprs, e)
		at = m[1]
	}
	t.parts = append(t.parts, s[at:])
	return t, nil
}

func (t *text) format(env map[string]any) string {
	var b strings.Builder
	for i, e := range t.exprs {
		b.WriteString(t.parts[i])
		if b.Len() > maxText {
			break
		}
		v, err := e.eval(env)
		switch n, whole := wholeNumber(v); {
		case err != nil:
			b.WriteString("?")
		case whole:
			fmt.Fprint(&b, n)
		case v == nil:
			b.WriteString("null")
		default:
			fmt.Fprint(&b, v)
		}
	}
	b.WriteString(t.parts[len(t.exprs)])
	return b.String()
}
