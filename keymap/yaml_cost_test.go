package keymap

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestTablesAreReadSoon reads tables whose YAML costs a parser most.
func TestTablesAreReadSoon(t *testing.T) {
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
	for name, text := range map[string]string{
		"commas": repeat("let: [", ",", "]"), "items": repeat("let: [", "a,", "]"), "empty items": repeat("let: [", "[],", "]"), "pairs": numbered("let: {", "a%d: 1,", "}"),
		"keys": numbered("let:\n", " k%d: 1\n", ""), "top keys": numbered("", "k%d: 1\n", ""), "same keys": repeat("let:\n", " k: 1\n", ""), "dashes": repeat("refuse:\n", "- a\n", ""),
		"brackets in comments": repeat("# [[[[[\n", "a: # ]\n", ""), "hidden depth": "# " + strings.Repeat("]", 60000) + "\n" + strings.Repeat("[", 60000),
		"quoted brackets": "a: '" + strings.Repeat("]", 3000) + "'\nb: " + strings.Repeat("[", 3000), "depth behind quotes": repeat("a: ", "\"]\"[ ", ""),
		"comments": repeat("", "# x\n", "a: 1\n"), "comments between": repeat("", "a: 1 # x\n# y\n", ""), "questions": repeat("", "? ", "a"), "indented": repeat("", " a:\n", ""),
		"deep": func() string {
			var b strings.Builder
			for i := 0; b.Len() < MaxSize-1000; i++ {
				b.WriteString(strings.Repeat(" ", i%900) + "a:\n")
			}
			return b.String()
		}(),
		"quotes": repeat("a: [", "'a',", "]"), "literals": repeat("", "a: |\n  x\n", ""), "long literal": repeat("a: |\n", "  x\n", ""), "colons": repeat("a", ":", ""), "lines": repeat("a: x\n", "  y\n", ""),
		"tabs": repeat("a: 1", "\t", "b"), "spaces": repeat("a:", " ", "b"), "blank": repeat("a: 1\n", "\n", "b: 1"), "documents": repeat("", "---\n", ""), "carriage": repeat("a: 1", "\r", "b"),
		"unclosed": repeat("a: ", "{a: ", ""), "unclosed list": repeat("a: ", "[a, ", ""), "opened and closed": repeat("a: [", "[],\n", "]"), "commas and lines": repeat("a: [", "a\n,", "]"),
	} {
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
