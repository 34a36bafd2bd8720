package check

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tokenizers"
)

const defaultTokenizer = "gpt2"

// tokenizer is what is known of the tokenizer that config.yaml names.
type tokenizer struct {
	id     string
	named  bool                  // whether it is known: false if OmegaConf fills it in
	file   *tokenizers.Tokenizer // nil if it is not a file, or a broken one
	broken error
	size   int64 // how many tokens it has, 0 if that is not known
}

// tokenizerChecks are about the tokenizer that config.yaml names.
type tokenizerChecks struct{ *checker }

// findTokenizer finds the tokenizer as the trainer does: a file, a name that comes with
// OLMo, or a hub id.
func (c tokenizerChecks) findTokenizer() *tokenizer {
	if c.tokenizer != nil {
		return c.tokenizer
	}
	t := &tokenizer{id: defaultTokenizer, named: true}
	c.tokenizer = t
	section := c.config.top.Section("tokenizer")
	switch v := section.Get("identifier"); {
	case v.Interpolated() || v.There && v.Data == nil || v.Data != nil && text(section, "identifier") == "":
		t.named = false
		return t
	case v.There:
		t.id = text(section, "identifier")
	}
	known := olmo.Tokenizers()
	switch info, err := os.Stat(t.id); {
	case err == nil && info.Mode().IsRegular():
		if t.file, t.broken = hf.OpenTokenizer(t.id); t.broken == nil {
			t.size = t.file.VocabSize
		}
	case known.Bundled[t.id] > 0:
		t.size = known.Bundled[t.id]
	default:
		t.size = known.Hub[t.id]
	}
	return t
}

// checkTokenizer reports what the trainer does with the tokenizer. It does not start if the number of
// tokens is not vocab_size.
func (c tokenizerChecks) checkTokenizer() {
	if !c.config.top.Get("tokenizer").There {
		c.add("tokenizer-missing/unset", about{file: configFile, tensor: "tokenizer"})
	}
	t := c.findTokenizer()
	switch {
	case !t.named:
		return
	case t.broken != nil:
		c.add("tokenizer-broken/olmo", about{file: t.id}, "cause", t.broken)
	case t.file != nil:
		c.checkTokenizerFile(t.file)
	case olmo.Tokenizers().Bundled[t.id] == 0:
		c.notHere(t)
	}
	c.compareVocabulary(t.size, t.id)
}

// checkTokenizerFile compares the ids of a tokenizer with the embedding's rows, and with the
// type of token ids on disk.
func (c tokenizerChecks) checkTokenizerFile(t *tokenizers.Tokenizer) {
	c.warnOfTwice(t)
	rows, ok := c.config.model["embedding_size"].(int)
	if !ok {
		rows, ok = c.config.model["vocab_size"].(int)
	}
	if past := t.PastText(int64(rows)); ok && past != "" {
		c.add("tokenizer-ids/olmo", about{file: t.Path}, "problem", past)
	}
	kind := "uint16" // the trainer's default
	if v := c.config.top.Section("data").Get("memmap_dtype"); v.There {
		kind, _ = v.Text()
	}
	if kind == "uint16" && t.Span() > math.MaxUint16+1 {
		c.add("token-dtype", about{file: configFile, tensor: "data.memmap_dtype", found: kind}, "id", t.Span()-1)
	}
}

// notHere reports a tokenizer that is not a file and does not come with OLMo.
func (c tokenizerChecks) notHere(t *tokenizer) {
	id := t.id
	info, err := os.Stat(filepath.Join(c.dir.path, filepath.Base(id)))
	found := err == nil && info.Mode().IsRegular()
	isPath := !hf.IsID(id) || strings.HasSuffix(id, ".json")
	of := about{file: configFile, tensor: "tokenizer.identifier", found: id}
	var cases [2]string // without such a file in the folder, and with one
	switch {
	case isPath:
		cases = [2]string{"tokenizer-missing/file", "tokenizer-missing/file-beside"}
	case t.size > 0:
		cases = [2]string{"tokenizer-hub/counted", "tokenizer-hub/counted-beside"}
	default:
		cases = [2]string{"tokenizer-hub/uncounted", "tokenizer-hub/uncounted-beside"}
	}
	finding := cases[0]
	if found {
		finding = cases[1]
	}
	c.add(finding, of, "count", t.size, "path", folder.ShellQuote(filepath.Join(c.dir.renamed(c.report.Kind),
		filepath.Base(id))))
}

// compareVocabulary compares the number of tokens, 0 if it is not known, with vocab_size.
func (c tokenizerChecks) compareVocabulary(size int64, id string) {
	m := c.config.top.Section("model")
	v := m.Get("vocab_size")
	n, err := v.As("int")
	if size == 0 || m == nil || v.There && err != nil {
		return
	}
	if !v.There {
		for _, f := range c.target.Fields {
			if f.Name == "vocab_size" {
				n = f.Default
			}
		}
	}
	if n != any(int(size)) {
		c.add("vocab-size/olmo", about{file: configFile, tensor: "model.vocab_size", expected: fmt.Sprint(size),
			found: fmt.Sprint(n)}, "tokenizer", id)
	}
}

// warnOfTwice says what a tokenizer.json has twice.
func (c *checker) warnOfTwice(t *tokenizers.Tokenizer) {
	for _, line := range t.Warnings {
		c.add("tokenizer-twice", about{file: t.Path}, "problem", strings.TrimPrefix(line, tokenizers.FileName+": "))
	}
}
