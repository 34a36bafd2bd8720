package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// Limits of the house. A tab counts as one character.
const (
	maxFileLines     = 250
	maxLineLength    = 120
	maxFunctionLines = 60
	maxMethods       = 20
)

// sourceFile is a parsed Go file of the repository.
type sourceFile struct {
	path string // with slashes, relative to the root of the repository
	text string
	ast  *ast.File
	set  *token.FileSet
}

func (f *sourceFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// isProduct reports whether a file is compiled into hf2olmo.
func (f *sourceFile) isProduct() bool { return !f.isTest() && !strings.HasPrefix(f.path, "testdata/") }

func (f *sourceFile) folder() string { return filepath.ToSlash(filepath.Dir(f.path)) }

func (f *sourceFile) line(pos token.Pos) int { return f.set.Position(pos).Line }

// readSources parses every Go file of the repository.
func readSources(t *testing.T) []*sourceFile {
	t.Helper()
	const root = "../.."
	var files []*sourceFile
	set := token.NewFileSet()
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != root && strings.HasPrefix(e.Name(), ".") {
			return fs.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		files = append(files, &sourceFile{filepath.ToSlash(name), string(text), tree, set})
		return err
	}))
	if len(files) < 100 {
		t.Fatalf("only %d files were found", len(files))
	}
	return files
}

// violations are what breaks one rule.
type violations struct {
	broken map[string][]string // messages by file
}

func (r *violations) add(f *sourceFile, line int, format string, args ...any) {
	r.broken[f.path] = append(r.broken[f.path], fmt.Sprintf("%s:%d: %s", f.path, line, fmt.Sprintf(format, args...)))
}

// TestHouse checks the rules that every file of the source keeps. "make lint" runs it, as "make test" does.
func TestHouse(t *testing.T) {
	files := readSources(t)
	for _, rule := range []struct {
		name  string
		check func([]*sourceFile, *violations)
	}{
		{"length", checkLength}, {"functions", checkFunctions}, {"methods", checkMethods}, {"documented", checkDocumented},
		{"imports", checkImports}, {"system", checkSystem}, {"unused", checkUnused}, {"messages", checkMessages},
		{"comments", checkComments}, {"examples", checkExamples},
	} {
		t.Run(rule.name, func(t *testing.T) {
			r := &violations{map[string][]string{}}
			rule.check(files, r)
			needed := map[string]bool{}
			for path, messages := range r.broken {
				folder := filepath.ToSlash(filepath.Dir(path))
				if slices.Contains(exceptions[folder], rule.name) {
					needed[folder] = true
					continue
				}
				t.Error(strings.Join(messages, "\n"))
			}
			for folder, rules := range exceptions {
				if slices.Contains(rules, rule.name) && !needed[folder] {
					t.Errorf("%s keeps the rule %q now: remove it in house_exceptions_test.go", folder, rule.name)
				}
			}
		})
	}
}

// checkLength checks the lines of a file and the characters of a line.
func checkLength(files []*sourceFile, r *violations) {
	for _, f := range files {
		lines := strings.Split(strings.TrimSuffix(f.text, "\n"), "\n")
		if len(lines) > maxFileLines {
			r.add(f, len(lines), "has %d lines, at most %d are allowed", len(lines), maxFileLines)
		}
		for i, line := range lines {
			if n := utf8.RuneCountInString(line); n > maxLineLength {
				r.add(f, i+1, "has %d characters, at most %d are allowed", n, maxLineLength)
			}
		}
	}
}

// checkFunctions checks the lines of a function, with its first and its last.
func checkFunctions(files []*sourceFile, r *violations) {
	for _, f := range files {
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := f.line(fn.End()) - f.line(fn.Pos()) + 1; n > maxFunctionLines {
				r.add(f, f.line(fn.Pos()), "%s has %d lines, at most %d are allowed", fn.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

// checkDocumented checks that every exported name at the top level of a package has a comment. In a group
// of constants or variables that of the group will do.
func checkDocumented(files []*sourceFile, r *violations) {
	for _, f := range files {
		if !f.isProduct() {
			continue
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && needsComment(d) {
					r.add(f, f.line(d.Pos()), "%s has no comment", d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					for _, name := range undocumented(d, spec) {
						r.add(f, f.line(spec.Pos()), "%s has no comment", name)
					}
				}
			}
		}
	}
}

// needsComment reports whether an exported function needs a comment: a method of an unexported type does not, nor
// does what every error has.
func needsComment(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	return ast.IsExported(receiver(d.Recv.List[0].Type)) && d.Name.Name != "Error" && d.Name.Name != "String"
}

// receiver returns the name of the type of a receiver.
func receiver(t ast.Expr) string {
	return nameOf(&sourceFile{}, t).name
}

// undocumented returns the exported names of spec that have no comment.
func undocumented(d *ast.GenDecl, spec ast.Spec) []string {
	var names []string
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
			names = append(names, s.Name.Name)
		}
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// importPaths returns the packages that a file imports, by the name under which it uses them. A package of
// this module has the path of its folder, such as convert/hf.
func importPaths(f *sourceFile) map[string]string {
	paths := map[string]string{}
	for _, spec := range f.ast.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		paths[name] = strings.TrimPrefix(path, "hf2olmo/")
	}
	return paths
}
