package olmo

import (
	"testing"

	"hf2olmo/keymap"
)

// TestWriteYAML writes each kind of value, with comments of one line, of several, and of none.
func TestWriteYAML(t *testing.T) {
	document := keymap.Object{
		{Name: "a", Value: "x"},
		{Name: "b", Value: keymap.Object{
			{Name: "c", Value: 3e-05}, {Name: "d", Value: nil}, {Name: "e", Value: []any{0.9, 1, true, "no"}},
		}},
		{Name: "f", Value: "1ep"},
	}
	comments := map[string]string{"a": "one\n\n  two", "b": "\nthree", "f": ""}
	text, err := writeYAML(document, comments)
	if err != nil {
		t.Fatal(err)
	}
	want := "# one\n#\n#   two\na: x\n\n# three\nb:\n  c: 3.0e-05\n  d: null\n  e: [0.9, 1, true, \"no\"]\n\nf: 1ep\n"
	if string(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	for _, value := range []any{"???", []any{"???"}, keymap.Object{{Name: "x", Value: map[string]any{}}}} {
		if text, err := writeYAML(keymap.Object{{Name: "a", Value: value}}, nil); err == nil {
			t.Errorf("%v was written as %s", value, text)
		}
	}
}
