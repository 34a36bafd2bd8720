package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// stiff are words and turns that a native speaker would not write in a message, with what to write instead.
var stiff = []struct{ pattern, instead string }{
	{`\b(tells?|told)\b`, "reports, distinguishes"},
	{`\bstands?\b`, "is, appears"},
	{`\bin silence\b|\bwithout a word\b`, "silently"},
	{`\brightly\b`, "correctly"},
	{`\banew\b`, "again, from scratch"},
	{`\bheld against\b`, "compared with"},
	{`\bcalled otherwise\b`, "named differently"},
	{`\bthis page\b`, "this file"},
	{`\bknows? no\b`, "does not support"},
	{`\bin no table\b`, "is not supported"},
	{`\bfor how it is called\b`, `See "hf2olmo COMMAND --help".`},
	{`\bmade of the same\b`, "converted from the same source"},
	{`\bholds?\b`, "contains"},
	{`\bleads? (to|out)\b`, "points to, points outside"},
	{`\b(object|line|record|file|fault|word) an? [a-z]+, (one|a) `, "one X per Y"},
	{`\bone (JSON )?(object|line|record|file|fault|word) an? `, "one X per Y"},
	{`\b(it|that|this|which|file|folder|value|name) is no ([^l]|l[^o])`, "is not a"},
	{`\b(nobody|somebody|whoever)\b`, "no one, the user"},
	{`\bbe had\b`, "is available"},
}

// stiffComments are those of them that comments avoid too.
var stiffComments = []struct{ pattern, instead string }{
	{`\b(tells?|told)\b`, "reports, says, distinguishes"},
	{`\bstands? (in|at|there|on|for|under|beside|after|before|where)\b`, "is, appears"},
	{`\bin silence\b|\bwithout a word\b`, "silently"},
	{`\brightly\b`, "correctly"},
	{`\banew\b`, "again, from scratch"},
	{`\bheld against\b`, "compared with"},
	{`\bcalled otherwise\b`, "named differently"},
	{`\bthis page\b`, "this file"},
}

func compiled(list []struct{ pattern, instead string }) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, s := range list {
		out = append(out, regexp.MustCompile(s.pattern))
	}
	return out
}

// checkMessages looks for stiff English in the strings of the product.
func checkMessages(files []*sourceFile, r *violations) {
	patterns := compiled(stiff)
	for _, f := range files {
		if !f.isProduct() {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil || !strings.Contains(text, " ") { // a name, not a sentence
				return true
			}
			for i, p := range patterns {
				if found := p.FindString(text); found != "" {
					r.add(f, f.line(lit.Pos()), "a message says %q; better: %s", found, stiff[i].instead)
				}
			}
			return true
		})
	}
}

// checkComments looks for stiff English in comments.
func checkComments(files []*sourceFile, r *violations) {
	patterns := compiled(stiffComments)
	for _, f := range files {
		if f.path == "cmd/hf2olmo/house_words_test.go" {
			continue
		}
		for _, group := range f.ast.Comments {
			text := strings.ReplaceAll(group.Text(), "\n", " ")
			for i, p := range patterns {
				if found := p.FindString(text); found != "" {
					r.add(f, f.line(group.Pos()), "a comment says %q; better: %s", found, stiffComments[i].instead)
				}
			}
		}
	}
}

// checkUnused looks for exported names that nothing in the product uses but their declaration: functions and
// methods are left to deadcode, which "make lint" runs, so this finds types, constants, variables and fields.
// Fields with a tag are used by their encoding.
func checkUnused(files []*sourceFile, r *violations) {
	type place struct {
		file *sourceFile
		line int
	}
	declared, uses := map[string][]place{}, map[string]int{}
	for _, f := range files {
		if !f.isProduct() {
			continue
		}
		note := func(names ...*ast.Ident) {
			for _, name := range names {
				if name.IsExported() {
					declared[name.Name] = append(declared[name.Name], place{f, f.line(name.Pos())})
				}
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				uses[n.Name]++
			case *ast.TypeSpec:
				note(n.Name)
			case *ast.ValueSpec:
				note(n.Names...)
			case *ast.StructType:
				for _, field := range n.Fields.List {
					if field.Tag == nil {
						note(field.Names...)
					}
				}
			}
			return true
		})
	}
	for name, places := range declared {
		if uses[name] <= len(places) {
			for _, p := range places {
				r.add(p.file, p.line, "nothing uses %s", name)
			}
		}
	}
}
