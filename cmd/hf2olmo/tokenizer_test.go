package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLargeTokenizer: a valid tokenizer of 590,000 tokens with a merge for each, more than twice as many as any
// published one, costs no more than a hostile file may.
func TestLargeTokenizer(t *testing.T) {
	const tokens = 590_000
	model := filepath.Join(t.TempDir(), "large")
	sparse{layers: 1, width: 8, heads: 1, kvHeads: 1, mlp: 8, vocabulary: tokens, shards: 1}.write(t, model)
	writeTokenizer(t, filepath.Join(model, "tokenizer.json"), tokens)
	out := t.TempDir()
	for _, args := range [][]string{
		{"convert", "--dry-run", "--quiet", "--into", out},
		{"convert", "--dry-run", "--quiet", "--into", out, "--target", "olmo-core"},
		{"convert", "--dry-run", "--quiet", "--into", out, "--tokenizer", model},
	} {
		o := execute(t, append(args, model)...)
		o.checkCost(t)
		if o.status != 0 || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, "no token for padding") {
			t.Errorf("%q: status %d\n%s", o.args, o.status, o.stderr)
		}
		t.Logf("%v of the processor, %d MB", o.time, o.memory>>10)
	}
}

// writeTokenizer writes a BPE tokenizer: all words of one letter, two, three, …, each a letter merged with a shorter
// word.
func writeTokenizer(t *testing.T, path string, tokens int) {
	f, err := os.Create(path)
	must(t, err)
	w := bufio.NewWriter(f)
	words := []string{""}
	for i := 0; len(words) <= tokens; i++ {
		for c := 'a'; c <= 'z'; c++ {
			words = append(words, string(c)+words[i])
		}
	}
	words = words[1 : tokens+1]
	fmt.Fprint(w, `{"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {`)
	for i, word := range words {
		fmt.Fprintf(w, "%s%q: %d", separator(i), word, i)
	}
	fmt.Fprint(w, `}, "merges": [`)
	for i, word := range words[26:] {
		fmt.Fprintf(w, "%s[%q, %q]", separator(i), word[:1], word[1:])
	}
	fmt.Fprint(w, "]}}")
	must(t, w.Flush())
	must(t, f.Close())
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ",\n"
}
