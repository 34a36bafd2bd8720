package keymap

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// costlyTables are tables whose YAML costs a parser most.
func costlyTables() map[string]string {
	repeat := func(head, piece, tail string) string {
		return head + strings.Repeat(piece, (MaxSize-len(head)-len(tail))/len(piece)) + tail
	}
	numbered := func(head, format, tail string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < MaxSize-len(tail)-30; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String() + tail
	}
	var deep strings.Builder
	for i := 0; deep.Len() < MaxSize-1000; i++ {
		deep.WriteString(strings.Repeat(" ", i%900) + "a:\n")
	}
	return map[string]string{
		"commas":               repeat("let: [", ",", "]"),
		"items":                repeat("let: [", "a,", "]"),
		"empty items":          repeat("let: [", "[],", "]"),
		"pairs":                numbered("let: {", "a%d: 1,", "}"),
		"keys":                 numbered("let:\n", " k%d: 1\n", ""),
		"top keys":             numbered("", "k%d: 1\n", ""),
		"same keys":            repeat("let:\n", " k: 1\n", ""),
		"dashes":               repeat("refuse:\n", "- a\n", ""),
		"brackets in comments": repeat("# [[[[[\n", "a: # ]\n", ""),
		"hidden depth":         "# " + strings.Repeat("]", 60000) + "\n" + strings.Repeat("[", 60000),
		"quoted brackets":      "a: '" + strings.Repeat("]", 3000) + "'\nb: " + strings.Repeat("[", 3000),
		"depth behind quotes":  repeat("a: ", "\"]\"[ ", ""),
		"comments":             repeat("", "# x\n", "a: 1\n"),
		"comments between":     repeat("", "a: 1 # x\n# y\n", ""),
		"questions":            repeat("", "? ", "a"),
		"indented":             repeat("", " a:\n", ""),
		"deep":                 deep.String(),
		"quotes":               repeat("a: [", "'a',", "]"),
		"literals":             repeat("", "a: |\n  x\n", ""),
		"long literal":         repeat("a: |\n", "  x\n", ""),
		"colons":               repeat("a", ":", ""),
		"lines":                repeat("a: x\n", "  y\n", ""),
		"tabs":                 repeat("a: 1", "\t", "b"),
		"spaces":               repeat("a:", " ", "b"),
		"blank":                repeat("a: 1\n", "\n", "b: 1"),
		"documents":            repeat("", "---\n", ""),
		"carriage":             repeat("a: 1", "\r", "b"),
		"unclosed":             repeat("a: ", "{a: ", ""),
		"unclosed list":        repeat("a: ", "[a, ", ""),
		"opened and closed":    repeat("a: [", "[],\n", "]"),
		"commas and lines":     repeat("a: [", "a\n,", "]"),
		"extended":             numbered("extends: llama\nlet:\n", " k%d: '1'\n", ""),
		"extended comments":    repeat("extends: llama\n", "# x\n", "let: {a: nothing}\n"),
		"extended blanks":      repeat("extends: llama\nlet: {a: nothing}\n", "\n", ""),
	}
}

// TestTablesAreReadSoon reads costly tables, none of which is a table.
func TestTablesAreReadSoon(t *testing.T) {
	for name, text := range costlyTables() {
		begun := time.Now()
		_, err := Parse([]byte(text))
		if err == nil {
			t.Errorf("%s is a table", name)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%s: took %v: %.100v", name, took, err)
		} else if took > 200*time.Millisecond {
			t.Logf("%s: %v: %.100v", name, took, err)
		}
	}
}
