package keymap

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
)

// treeForTest reads a mapping of small words.
func treeForTest(t *testing.T, text string) tree {
	t.Helper()
	read, err := readTree([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestMerge merges sections with what extends them.
func TestMerge(t *testing.T) {
	base := "# about\nlet:\n  # why\n  a: 1\n  b: 2 # how\n  c: {x: 1, y: 2}\nharmless: [p, q]\nconfig:\n  d: 1\n"
	for own, want := range map[string]string{
		"let: {b: 3}":                  "let: a: 1; b: 3; c: {x: 1, y: 2}",
		"let: {n: 4}":                  "let: a: 1; b: 2; c: {x: 1, y: 2}; n: 4",
		"let: {n: 4, b: 3, m: 5}":      "let: a: 1; n: 4; b: 3; m: 5; c: {x: 1, y: 2}",
		"let: {b: null, n: 4, m: 5}":   "let: a: 1; n: 4; m: 5; c: {x: 1, y: 2}",
		"let: {c: {y: null, x: 7}}":    "let: a: 1; b: 2; c: {x: 7}",
		"let: {c: {}, n: 1}":           "let: a: 1; b: 2; c: {x: 1, y: 2}; n: 1",
		"let: {c: 5}":                  "let: a: 1; b: 2; c: 5",
		"harmless: [r]":                "harmless: [r]",
		"harmless: null":               "",
		"config: {d: null, e: null}":   "config: d: null; e: null",
		"drop: {z: {}}":                "drop: {z: {}}",
		"let: {a: 1}\nharmless: [~]\n": "harmless: [~]",
		"let: {z: null}":               "error: let: z: null removes what is extended, which has no such entry",
		"let: {c: {z: null}}":          "error: let: c: z: null removes",
		"tensors: null":                "error: tensors: null removes",
	} {
		merged, err := merge(treeForTest(t, base), treeForTest(t, own), "")
		if problem, bad := strings.CutPrefix(want, "error: "); bad {
			if err == nil || !strings.Contains(err.Error(), problem) {
				t.Errorf("%s: %v, want %q", own, err, problem)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", own, err)
			continue
		}
		section, _, _ := strings.Cut(cmp.Or(want, own), ":")
		if got := sectionForTest(t, merged, section); got != want {
			t.Errorf("%s: %s, want %s", own, got, want)
		}
	}
}

// sectionForTest prints a section on one line, without comments.
func sectionForTest(t *testing.T, merged tree, section string) string {
	t.Helper()
	i := merged.find(section)
	if i < 0 {
		return ""
	}
	text, err := merged[i : i+1].print()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Replace(strings.Join(lines, "; "), ":; ", ": ", 1)
}

// TestComments: those of a section stay, and those of an entry go with its value.
func TestComments(t *testing.T) {
	base := "# about\nfamily: x\nlet:\n  # why\n  a: 1\n  b: 2 # how\n"
	merged, err := merge(treeForTest(t, base), treeForTest(t, "# mine\nfamily: y\nlet:\n  a: 3\n  c: 4 # new\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	text, err := merged.print()
	if want := "# mine\nfamily: y\n\nlet:\n  a: 3\n  c: 4 # new\n  b: 2 # how\n"; err != nil || string(text) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, text, want)
	}
}

// TestExtends reads tables that extend the bundled ones, well and badly.
func TestExtends(t *testing.T) {
	deep := "extends: olmo-core/gemma3_text\n"
	for text, want := range map[string]string{
		"extends: llama\n":                                     "llama for olmo",
		"extends: olmo/llama\nfamily: mine\n":                  "mine for olmo",
		"extends: olmo-core/llama\n":                           "llama for olmo-core",
		"{extends: llama, family: mine}":                       "mine for olmo",
		deep + "fields: {layer_types: null}":                   "unknown name layer_types",
		deep + "target: olmo":                                  "gemma3_text is a table for olmo-core, and this one is",
		"extends: nothing\n":                                   `there is no table "nothing"; the tables are hf_olmo, llama`,
		"extends: ../llama\n":                                  "there is no table",
		"extends: [llama]\n":                                   "string",
		"extends: llama\nextends: olmo\n":                      "extends",
		"extends: llama\nlet: {a: &a 1}\n":                     "anchors",
		"extends: llama\nfields: {mlp_bias: null}\n":           "refuse: mlp_bias",
		"extends: llama\nfields: {nothing: null}\n":            "null removes what is extended",
		"extends: llama\nsystem: {rm: 1}\n":                    "system",
		"extends: llama\nrefuse: {mine: {when: 1, why: 2}}":    "why: a rule has when, because and hint",
		"extends: llama\nrefuse: {mine: 3}":                    "mine: expected when, because and hint",
		"extends: llama\nrefuse: [{when: mlp_bias}]":           "llama for olmo",
		"extends: llama\nrefuse: none":                         "expected rules by name",
		"extends: llama\nlet:\n" + numbered("  a%d: 1\n", 300): "entries: at most 200",
	} {
		table, err := Parse([]byte(text))
		got := fmt.Sprint(err)
		if err == nil {
			got = table.Family + " for " + table.Target
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", text, got, want)
		}
	}
	if _, err := flatten([]byte(deep), maxExtends+1); err == nil || !strings.Contains(err.Error(), "more than 8 tables") {
		t.Errorf("too many tables in a row: %v", err)
	}
}
