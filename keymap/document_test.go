package keymap

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func parseForTest(text string) (*document, error) {
	var y struct {
		Templates yaml.MapSlice `yaml:"templates"`
		Document  yaml.MapSlice `yaml:"document"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(text), &y, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	names := scope{"a": true, "none": true, "list": true}
	p, err := parseTemplates(y.Templates, names)
	if err != nil {
		return nil, err
	}
	return p.parse(y.Document, names)
}

func TestDocument(t *testing.T) {
	d, err := parseForTest(`
templates:
  pair: {$takes: [x], first: x, second: a, gone: none}
document:
  z: a + 1
  number: 1.5
  word: '"text"'
  gone: none
  empty: null
  list: [a, true, {deep: a}]
  used: {$use: pair, $with: {x: '"given"'}}
  never: {$when: a == 0, b: 1}
  either:
    $either:
      - {$when: a == 0, b: 1}
      - {c: 2}
  each: {$each: {i: list}, $use: pair, $with: {x: i * 10}}
`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.eval(map[string]any{"a": 7, "none": nil, "list": []any{3, 1}})
	if err != nil {
		t.Fatal(err)
	}
	want := "[{z 8} {number 1.5} {word text} {empty <nil>} {list [7 true [{deep 7}]]} " +
		"{used [{first given} {second 7}]} {either [{c 2}]} {each [{3 [{first 30} {second 7}]} {1 [{first 10} {second 7}]}]}]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v\nwant %v", got, want)
	}
}

func TestDocumentRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"document: {x: unknown}":                                          "unknown name unknown",
		"document: {x: {$use: nothing}}":                                  "no template is called",
		"document: {x: {$sometimes: a}}":                                  "no such directive",
		"document: {x: {$each: {i: list, k: list}}}":                      "one name and a list",
		"templates: {t: {$takes: [x], v: x}}\ndocument: {x: {$use: t}}":   "all that the template takes",
		"templates: {t: {v: a}}\ndocument: {x: {$use: t, more: a}}":       "nothing else",
		"templates: {t: {v: x}}\ndocument: {x: {$use: t, $with: {x: a}}}": "unknown name x",
		"document: {x: {$either: [{b: a}], more: a}}":                     "must be alone",
	} {
		if _, err := parseForTest(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	d, err := parseForTest("document: {x: {$each: {i: a}, b: i}}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.eval(map[string]any{"a": 7}); err == nil || !strings.Contains(err.Error(), "not a list") {
		t.Errorf("$each of a number: %v", err)
	}
}
