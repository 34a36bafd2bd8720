package check

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed findings/*.yaml
var tableFiles embed.FS

// An entry of the table is what is said of the findings with one code: what is wrong, what
// the trainer does then, what to do. Words in braces are filled in. Where a code has
// several cases, each says what they do not share.
type entry struct {
	Severity string
	Problem  string // lower case, without a full stop
	Expected string
	Trainer  string // sentences
	Hint     string // a sentence
	Cases    map[string]entry
}

// table has the entries by what the logic calls them: code, or code/case.
var table = sync.OnceValue(func() map[string]entry {
	all := map[string]entry{}
	err := fs.WalkDir(tableFiles, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return readTable(path, all)
	})
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	return all
})

func readTable(path string, all map[string]entry) error {
	text, err := tableFiles.ReadFile(path)
	if err != nil {
		return err
	}
	var entries map[string]entry
	if err := yaml.UnmarshalWithOptions(text, &entries, yaml.Strict()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for code, e := range entries {
		if _, twice := all[code]; twice {
			return fmt.Errorf("%s: %s is in another file too", path, code)
		}
		all[code] = e
		for name, one := range e.Cases {
			all[code+"/"+name] = entry{Severity: cmp.Or(one.Severity, e.Severity), Problem: cmp.Or(one.Problem, e.Problem),
				Expected: cmp.Or(one.Expected, e.Expected), Trainer: cmp.Or(one.Trainer, e.Trainer),
				Hint: cmp.Or(one.Hint, e.Hint)}
		}
	}
	return nil
}

// about is what a finding is about: a file, a tensor or a field of it, and what was found
// there. Each may be "".
type about struct {
	file, tensor    string
	expected, found string
}

// newFinding makes a finding of an entry of the table. The pairs are the names of
// placeholders and what fills them; what the finding is about fills {file} and so on.
func newFinding(id string, of about, pairs ...any) Finding {
	e, known := table()[id]
	severity := slices.Index(severities[:], e.Severity)
	if !known || severity < 0 {
		panic("check: the table has no finding " + id) // a test looks for every one that the logic names
	}
	code, _, _ := strings.Cut(id, "/")
	of.expected = cmp.Or(of.expected, e.Expected)
	filled := []string{"{file}", of.file, "{tensor}", of.tensor, "{expected}", of.expected, "{found}", of.found}
	for i := 0; i+1 < len(pairs); i += 2 {
		filled = append(filled, fmt.Sprintf("{%s}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	fill := strings.NewReplacer(filled...).Replace
	return Finding{id: id, Severity: Severity(severity), Code: code, File: of.file, Tensor: of.tensor,
		Problem:  fill(e.Problem),
		Expected: of.expected, Found: of.found, Trainer: fill(e.Trainer), Hint: fill(e.Hint)}
}
