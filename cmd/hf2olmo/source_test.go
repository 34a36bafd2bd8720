package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// doors are functions that open or read a file by name, or print, with the only source files that may call them.
// Everything else reads files through package regular, which refuses pipes and devices, and never waits.
var doors = map[string][]string{
	"os.Open":         {"convert/folder/", "convert/disk/"},
	"os.ReadFile":     {},
	"os.OpenFile":     {"convert/regular/regular.go", "convert/assemble/", "convert/folder/", "convert/disk/"},
	"os.Create":       {},
	"os.DirFS":        {},
	"os.OpenRoot":     {},
	"os.OpenInRoot":   {},
	"zip.OpenReader":  {},
	"ioutil.ReadFile": {},
	"syscall.Open":    {},
	"unix.Open":       {},
	"unix.Openat":     {"convert/folder/", "convert/disk/"},
	"unix.Openat2":    {},
	"mmap.Open":       {},
	"library.Open":    {}, // of the safetensors library, as convert/safetensors calls it
	"pytorch.Load":    {},
	"exec.Command":    {},
	"fmt.Fprintf": {"cmd/hf2olmo/print.go", "cmd/hf2olmo/json.go", "cmd/hf2olmo/check.go", "cmd/hf2olmo/man.go",
		"convert/", "keymap/"},
	"fmt.Fprintln":          {"convert/"},
	"fmt.Fprint":            {"convert/", "keymap/"},
	"fmt.Println":           {},
	"fmt.Printf":            {},
	"os.Stdout.WriteString": {},
}

// TestDoors parses the source of the program: files are opened only by package regular, and printed only by printf,
// which keeps strings on their lines.
func TestDoors(t *testing.T) {
	const root = "../.."
	seen := 0
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		if strings.HasSuffix(name, "_test.go") || startsWithAny(name, []string{"testdata", ".ci"}) {
			return nil
		}
		seen++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := call.X.(*ast.Ident)
			if !ok {
				return true
			}
			if where, isDoor := doors[from.Name+"."+call.Sel.Name]; isDoor && !startsWithAny(name, where) {
				t.Errorf("%s uses %s.%s", name, from.Name, call.Sel.Name)
			}
			return true
		})
		return nil
	}))
	if seen < 100 {
		t.Errorf("only %d files were seen", seen)
	}
}

func startsWithAny(name string, beginnings []string) bool {
	for _, b := range beginnings {
		if strings.HasPrefix(filepath.ToSlash(name), b) {
			return true
		}
	}
	return false
}
