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
)

const defaultTokenizer = "gpt2"

// tokenizer is what is known of the tokenizer that config.yaml names.
type tokenizer struct {
	id     string
	named  bool          // whether it can be told: false where OmegaConf fills it in
	file   *hf.Tokenizer // nil where it is no file, or a broken one
	broken error
	size   int64 // how many tokens it has, 0 where that is not known
}

// findTokenizer finds the tokenizer as the trainer does: a file, a name that comes with
// OLMo, or a hub id.
func (c *checker) findTokenizer() *tokenizer {
	if c.found != nil {
		return c.found
	}
	t := &tokenizer{id: defaultTokenizer, named: true}
	c.found = t
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

// checkTokenizer says what the trainer makes of the tokenizer. It does not start where its
// tokens are not vocab_size.
func (c *checker) checkTokenizer() {
	if !c.config.top.Get("tokenizer").There {
		c.add(Finding{Severity: Warning, Code: "tokenizer-missing", File: configFile, Tensor: "tokenizer", Problem: "is missing",
			Trainer: "The trainer takes gpt2 from the hub, which has 50257 tokens; Tokenizer.from_checkpoint stops: OLMoConfigurationError: Missing key tokenizer.",
			Hint:    "Name the tokenizer that the model was trained with: tokenizer.identifier, or --tokenizer.identifier=…"})
	}
	t := c.findTokenizer()
	switch {
	case !t.named:
		return
	case t.broken != nil:
		c.add(Finding{Code: "tokenizer-broken", File: t.id, Problem: "cannot be read as a tokenizer: " + t.broken.Error(),
			Trainer: "The trainer stops where it reads its tokenizer, before the model is built.", Hint: "Put the model's tokenizer.json there."})
	case t.file != nil:
		c.checkTokenizerFile(t.file)
	case olmo.Tokenizers().Bundled[t.id] == 0:
		c.notHere(t)
	}
	c.compareVocabulary(t.size, t.id)
}

// checkTokenizerFile compares the ids of a tokenizer with the embedding's rows, and with the
// type of token ids on disk.
func (c *checker) checkTokenizerFile(t *hf.Tokenizer) {
	c.warnOfTwice(t)
	rows, ok := c.config.model["embedding_size"].(int)
	if !ok {
		rows, ok = c.config.model["vocab_size"].(int)
	}
	if past := t.PastText(int64(rows)); ok && past != "" {
		c.add(Finding{Code: "tokenizer-ids", File: t.Path, Problem: past,
			Trainer: "The trainer stops with an index that is out of range (on a GPU: device-side assert) as soon as its data contains such a token.",
			Hint:    "Resize the model's embedding to its tokenizer, or name the tokenizer that it was trained with: --tokenizer.identifier=FILE"})
	}
	kind := "uint16" // the trainer's default
	if v := c.config.top.Section("data").Get("memmap_dtype"); v.There {
		kind, _ = v.Text()
	}
	if kind == "uint16" && t.Span() > math.MaxUint16+1 {
		c.add(Finding{Severity: Warning, Code: "token-dtype", File: configFile, Tensor: "data.memmap_dtype", Problem: "cannot hold the ids of the tokenizer",
			Expected: "uint32", Found: kind, Trainer: fmt.Sprintf("The trainer reads data with ids up to %d two bytes at a time, and trains on garbage.", t.Span()-1),
			Hint: "--data.memmap_dtype=uint32"})
	}
}

// notHere is for a tokenizer that is no file and does not come with OLMo.
func (c *checker) notHere(t *tokenizer) {
	id := t.id
	info, err := os.Stat(filepath.Join(c.path, filepath.Base(id)))
	found := err == nil && info.Mode().IsRegular()
	isPath := !hf.IsID(id) || strings.HasSuffix(id, ".json")
	hint := "Name it by a path that exists where the trainer is started: --tokenizer.identifier=FILE"
	if found {
		hint = "There is one in the folder: --tokenizer.identifier=" + folder.ShellQuote(filepath.Join(c.renamed(), filepath.Base(id)))
	}
	switch {
	case isPath:
		c.add(Finding{Code: "tokenizer-missing", File: configFile, Tensor: "tokenizer.identifier", Problem: "names a file that is not there", Found: id,
			Trainer: "The trainer takes it for a hub id and stops: HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name' (or LocalEntryNotFoundError).",
			Hint:    hint})
	default:
		problem := "is a hub id, whose tokens were not counted"
		if t.size > 0 {
			problem = fmt.Sprintf("is a hub id, of a tokenizer with %d tokens", t.size)
		}
		c.add(Finding{Severity: Note, Code: "tokenizer-hub", File: configFile, Tensor: "tokenizer.identifier", Problem: problem, Found: id,
			Trainer: "The trainer downloads it, or finds it in the local cache; without a network it stops: LocalEntryNotFoundError.",
			Hint:    hint})
	}
}

// compareVocabulary holds the number of tokens, 0 where it is not known, against vocab_size.
func (c *checker) compareVocabulary(size int64, id string) {
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
		c.add(Finding{Code: "vocab-size", File: configFile, Tensor: "model.vocab_size", Problem: "is not the number of tokens of " + id,
			Expected: fmt.Sprint(size), Found: fmt.Sprint(n),
			Trainer: "The trainer stops: OLMoConfigurationError: vocab size mismatch between config and tokenizer.",
			Hint:    fmt.Sprintf("If this is the model's tokenizer: --model.vocab_size=%d (embedding_size stays). Otherwise name the right one: --tokenizer.identifier=FILE", size)})
	}
}
