package main

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
)

// layers are the packages of the product from the lowest up. A package imports those of its own layer and of
// the layers below it. A new package must be added here.
var layers = [][]string{
	{"convert/disk"},
	{"convert/fault"},
	{"convert/regular"},
	{"convert/folder", "convert/tensor", "convert/jsonfile", "convert/omegaconf"},
	{"convert/pickle", "convert/tokenizers"},
	{"convert/torchfile", "convert/safetensors"},
	{"convert/dcp", "convert/assemble"},
	{"convert/sharded", "convert/output"},
	{"convert/trainer"},
	{"convert/hf", "convert/olmo", "convert/olmocore", "convert/native"},
	{"convert/targets", "convert/match", "convert/hf/layout"},
	{"convert/middle"},
	{"convert"},
	{"convert/verify", "convert/check", "convert/inspect", "convert/unshard", "convert/between", "convert/export",
		"convert/relocate", "convert/converttest"},
	{"cmd/hf2olmo"},
}

// checkImports checks that no package imports one that is above it, and that keymap imports nothing of convert.
func checkImports(files []*sourceFile, r *violations) {
	layer := map[string]int{"keymap": -1}
	for i, names := range layers {
		for _, name := range names {
			layer[name] = i
		}
	}
	seen := map[string]bool{}
	for _, f := range files {
		seen[f.folder()] = true
		if !f.isProduct() {
			continue
		}
		own, known := layer[f.folder()]
		if !known {
			r.add(f, 1, "layers in house_types_test.go do not contain %s", f.folder())
		}
		for _, path := range importPaths(f) {
			if other, ours := layer[path]; ours && other > own {
				r.add(f, 1, "imports %s, which is above it", path)
			}
		}
	}
	for name := range layer {
		if !seen[name] {
			r.broken[name] = []string{name + " is a layer but does not exist"}
		}
	}
}

// checkExamples checks that every package that can be imported has an Example, in a test from outside.
func checkExamples(files []*sourceFile, r *violations) {
	hasExample := map[string]bool{}
	for _, f := range files {
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && strings.HasSuffix(f.ast.Name.Name, "_test") && strings.HasPrefix(fn.Name.Name, "Example") {
				hasExample[f.folder()] = true
			}
		}
	}
	for _, f := range files {
		importable := f.isProduct() && f.ast.Name.Name != "main" && !strings.HasSuffix(f.folder(), "test")
		if importable && !hasExample[f.folder()] {
			r.broken[f.folder()+"/"] = []string{f.folder() + " has no Example"}
		}
	}
}

// systemFolders are the only ones whose files may ask the operating system for more than package os offers.
var systemFolders = []string{"convert/disk", "testdata/bench"}

// checkSystem checks that only package disk, and cmd for its signals, imports syscall and golang.org/x/sys,
// and that only files of package disk are chosen by GOOS.
func checkSystem(files []*sourceFile, r *violations) {
	for _, f := range files {
		if f.isTest() || slices.Contains(systemFolders, f.folder()) {
			continue
		}
		for _, path := range importPaths(f) {
			if strings.HasPrefix(path, "golang.org/x/sys/") || path == "syscall" && f.path != "cmd/hf2olmo/signals.go" {
				r.add(f, 1, "imports %s: package disk does", path)
			}
		}
	}
}

// A typeName is a type by its folder, package and name.
type typeName struct{ folder, name string }

// A typeInfo is what checkMethods knows of a type.
type typeInfo struct {
	file    *sourceFile
	line    int
	methods map[string]bool
	embeds  []typeName
}

// checkMethods counts the methods of every type with those of the types of this module that it embeds.
func checkMethods(files []*sourceFile, r *violations) {
	types := map[typeName]*typeInfo{}
	for _, f := range files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok {
				info := &typeInfo{f, f.line(s.Pos()), map[string]bool{}, nil}
				info.addMembers(s.Type)
				types[typeName{f.folder(), s.Name.Name}] = info
			}
			return true
		})
	}
	for _, f := range files {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
				if info := types[nameOf(f, fn.Recv.List[0].Type)]; info != nil {
					info.methods[fn.Name.Name] = true
				}
			}
		}
	}
	for name, info := range types {
		all := map[string]bool{}
		collectMethods(types, name, all, map[typeName]bool{})
		if len(all) > maxMethods {
			r.add(info.file, info.line, "%s has %d methods, at most %d are allowed", name.name, len(all), maxMethods)
		}
	}
}

// addMembers notes the methods of an interface, and what an interface or a struct embeds.
func (info *typeInfo) addMembers(t ast.Expr) {
	var fields []*ast.Field
	switch t := t.(type) {
	case *ast.InterfaceType:
		fields = t.Methods.List
		for _, method := range fields {
			for _, name := range method.Names {
				info.methods[name.Name] = true
			}
		}
	case *ast.StructType:
		fields = t.Fields.List
	}
	for _, field := range fields {
		if len(field.Names) == 0 {
			info.embeds = append(info.embeds, nameOf(info.file, field.Type))
		}
	}
}

// nameOf resolves the name of a type as file f writes it.
func nameOf(f *sourceFile, t ast.Expr) typeName {
	switch t := t.(type) {
	case *ast.StarExpr:
		return nameOf(f, t.X)
	case *ast.IndexExpr: // of a type parameter
		return nameOf(f, t.X)
	case *ast.IndexListExpr:
		return nameOf(f, t.X)
	case *ast.Ident:
		return typeName{f.folder(), t.Name}
	case *ast.SelectorExpr:
		if from, ok := t.X.(*ast.Ident); ok {
			return typeName{importPaths(f)[from.Name], t.Sel.Name}
		}
	}
	return typeName{}
}

func collectMethods(types map[typeName]*typeInfo, name typeName, all map[string]bool, visited map[typeName]bool) {
	info := types[name]
	if info == nil || visited[name] {
		return
	}
	visited[name] = true
	maps.Copy(all, info.methods)
	for _, e := range info.embeds {
		collectMethods(types, e, all, visited)
	}
}
