package check

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

//go:embed *.go
var sources embed.FS

var placeholder = regexp.MustCompile(`\{([a-z-]+)\}`)

// TestTable compares the table of findings with the logic: each entry is named there, each
// name has an entry, and each placeholder is filled.
func TestTable(t *testing.T) {
	texts, calls := source(t)
	for id, e := range table() {
		code, name, _ := strings.Cut(id, "/")
		switch {
		case len(e.Cases) > 0:
		case !slices.Contains(severities[:], e.Severity):
			t.Errorf("%s: the severity is %q", id, e.Severity)
		case e.Problem == "":
			t.Errorf("%s says nothing", id)
		case !texts[id] && (name == "" || !texts[code+"/"]):
			t.Errorf("%s is not named by the logic", id)
		}
	}
	for text := range texts {
		code, name, isCase := strings.Cut(text, "/")
		if _, known := table()[text]; isCase && name != "" && len(table()[code].Cases) > 0 && !known {
			t.Errorf("%s has no entry", text)
		}
	}
	for id, given := range calls {
		e, known := table()[id]
		if !known {
			t.Errorf("%s has no entry", id)
		}
		for _, m := range placeholder.FindAllStringSubmatch(e.Problem+e.Trainer+e.Hint, -1) {
			if !slices.Contains(append(given, "file", "tensor", "expected", "found"), m[1]) {
				t.Errorf("%s: nothing fills %s", id, m[0])
			}
		}
	}
}

// source returns all texts of the package's source, and what the calls of add fill in for
// the findings that they name.
func source(t *testing.T) (texts map[string]bool, calls map[string][]string) {
	t.Helper()
	texts, calls = map[string]bool{}, map[string][]string{}
	text := func(n ast.Node) string {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return ""
		}
		s, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	visit := func(n ast.Node) bool {
		texts[text(n)] = true
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "add" && text(call.Args[0]) != "" {
			given := []string{}
			for _, arg := range call.Args[1:] {
				given = append(given, text(arg))
			}
			calls[text(call.Args[0])] = given
		}
		return true
	}
	names, err := fs.Glob(sources, "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		code, err := sources.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, code, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, visit)
	}
	if len(calls) < 50 {
		t.Fatalf("%d calls", len(calls))
	}
	return texts, calls
}
