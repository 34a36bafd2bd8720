package omegaconf

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestBounded reads documents that cost a parser as much as it lets them.
func TestBounded(t *testing.T) {
	repeat := strings.Repeat
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"commas":        "a: [" + repeat(",", MaxSize-10) + "]",
		"items":         "a: [" + repeat("a,", maxNodes-5) + "]",
		"quoted":        "a: [" + repeat("'a',", maxNodes-5) + "]",
		"flow keys":     "a: {" + numbered("k%d: 1,", maxNodes/2-5) + "}",
		"unclosed":      "a: [" + repeat("a,\n", maxNodes/2-5),
		"keys":          numbered("k%d: 1\n", maxNodes/2-5),
		"comments":      "# [[[[\n" + repeat("a: # x\n# y\n", maxNodes/3),
		"same keys":     repeat("k: 1\n", maxNodes/2-5),
		"brackets":      repeat("[", 60000) + repeat("]", 60000),
		"dashes":        repeat("- ", maxNodes-5),
		"questions":     repeat("? ", maxNodes-5),
		"deep":          numbered("%[1]*[2]s\n", 0) + repeat("{a: ", 9000),
		"plain":         "a: " + repeat("word ", MaxSize/5-5),
		"lines":         "a: x\n" + repeat("  word\n", maxNodes-5),
		"escapes":       "a: \"" + repeat(`\x41`, MaxSize/4-5) + "\"",
		"directives":    numbered("%%TAG !a%d! x\n", 90000) + "---\na: 1\n",
		"anchors":       "a:\n" + numbered("- &a%d x\n", maxNodes/2-5),
		"aliases":       "a:\n - &x y\n" + repeat(" - *x\n", maxNodes/2-5),
		"tags":          repeat("- !!str x\n", maxNodes/2-5),
		"laughs":        "a: &a [x,x,x,x,x,x,x,x,x]\n" + numbered("b%[1]d: &b%[1]d [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n", 1000),
		"merges":        "a: &a {" + numbered("k%d: 1,", 30000) + "}\nb: {" + repeat("<<: *a,", 30000) + "}",
		"merged lists":  "a: &a {" + numbered("k%d: 1,", 30000) + "}\nb: {<<: [" + repeat("*a,", 30000) + "]}",
		"references":    "a: \"" + repeat(`\\${`, 400000) + "\"",
		"missing":       "a: \"" + repeat(`\\`, 900000) + "???\"",
		"large number":  "a: " + repeat("9", MaxSize-10),
		"sixties":       "a: 1" + repeat(":59", MaxSize/3-10),
		"long literal":  "a: |\n" + repeat("\n", maxNodes-100) + "  x\n",
		"spaces":        repeat(" ", MaxSize-10) + "a: 1",
		"exclamations":  "a:\n" + repeat("- ! x\n", maxNodes/2-5),
		"one long line": "a: [" + repeat("\"b\",", maxNodes-5) + "]",
	} {
		start := time.Now()
		d, err := Read([]byte(text))
		if err == nil {
			if v, ok := d.Data.(*Mapping); ok {
				v.Get("a").Text()
				v.Get("a").As("int")
			}
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v (%v)", name, took, err)
		} else if took > 300*time.Millisecond {
			t.Logf("%s: %v (%v)", name, took, err)
		}
	}
}
