package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestFitHelp: on a terminal no line of the help of any command is wider than it is, but for examples, and nothing
// else about the text changes.
func TestFitHelp(t *testing.T) {
	for _, c := range newApp(nil, nil).VisibleCommands() {
		var text bytes.Buffer
		if status := run([]string{"hf2olmo", "help", c.Name}, &text, &text); status != 0 {
			t.Fatal(text.String())
		}
		if strings.Contains(text.String(), "[command options]") {
			t.Errorf("the library's words are in\n%s", text.String())
		}
		for _, columns := range []int{30, 40, 80, 200} {
			fitted := fitHelp(text.String(), columns)
			for line := range strings.Lines(fitted) {
				line = strings.TrimRight(line, "\n")
				example := strings.HasPrefix(line, "      ") && strings.Contains(text.String(), line)
				word := len(strings.Fields(line)) < 2
				if len([]rune(line)) > columns && !example && !word {
					t.Errorf("at %d columns: %q", columns, line)
				}
			}
			words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
			if words(fitted) != words(text.String()) {
				t.Errorf("at %d columns other words:\n%s", columns, fitted)
			}
		}
	}
	want := "USAGE:\n   one two\n   three\n\n      an example that is long\n\nOPTIONS:\n" +
		"   --a B\n        what a\n        is\n"
	text := "USAGE:\n   one\n   two three\n\n      an example that is long\n\nOPTIONS:\n   --a B  what a is\n"
	if got := fitHelp(text, 14); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
