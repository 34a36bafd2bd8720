package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmo"
)

const defaultTokenizer = "gpt2"

// checkTokenizer finds the tokenizer as the trainer does, a file, a name that comes
// with OLMo, a hub id, and counts its tokens: the trainer does not start where they
// are not vocab_size.
func (c *checker) checkTokenizer() {
	id, section := defaultTokenizer, c.config.top.Section("tokenizer")
	switch v := section.Get("identifier"); {
	case section == nil && !c.config.top.Get("tokenizer").There:
		c.add(Finding{Gravity: Warning, Code: "tokenizer-missing", File: configFile, Tensor: "tokenizer", Problem: "is missing",
			Trainer: "The trainer takes gpt2 from the hub, which has 50257 tokens; Tokenizer.from_checkpoint stops: OLMoConfigurationError: Missing key tokenizer.",
			Hint:    "Name the tokenizer that the model was trained with: tokenizer.identifier, or --tokenizer.identifier=…"})
	case v.Interpolated() || v.There && v.Data == nil || v.Data != nil && text(section, "identifier") == "":
		return
	case v.There:
		id = text(section, "identifier")
	}
	size := int64(0)
	if info, err := os.Stat(id); err == nil && info.Mode().IsRegular() {
		size = c.countTokens(id)
	} else if n, bundled := olmo.Tokenizers().Bundled[id]; bundled {
		size = n
	} else {
		c.notHere(id)
	}
	c.compareVocabulary(size, id)
}

func (c *checker) countTokens(path string) int64 {
	t, err := hf.OpenTokenizer(path)
	if err != nil {
		c.add(Finding{Code: "tokenizer-broken", File: path, Problem: "cannot be read as a tokenizer: " + err.Error(),
			Trainer: "The trainer stops where it reads its tokenizer, before the model is built.", Hint: "Put the model's tokenizer.json there."})
		return 0
	}
	return t.VocabSize
}

// notHere is for a tokenizer that is no file and does not come with OLMo.
func (c *checker) notHere(id string) {
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
		c.add(Finding{Gravity: Note, Code: "tokenizer-hub", File: configFile, Tensor: "tokenizer.identifier", Problem: "is a hub id, whose tokens were not counted", Found: id,
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
