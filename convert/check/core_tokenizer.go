package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmocore"
)

const coreIdentifier = "dataset.tokenizer.identifier"

// checkCoreTokenizer looks at the tokenizer that a config.json of OLMo-core names. Its trainer
// starts without one: it reads data that is tokenized already.
func (c *checker) checkCoreTokenizer(config map[string]any) {
	model, _ := config["model"].(map[string]any)
	dataset, _ := config["dataset"].(map[string]any)
	named, _ := dataset["tokenizer"].(map[string]any)
	rows, _ := model["vocab_size"].(int64)
	limit, known := named["vocab_size"].(int64)
	if !known {
		return
	}
	id, _ := named["identifier"].(string)
	if t := c.openCoreTokenizer(id); t != nil {
		if past := t.PastText(rows); rows > 0 && past != "" {
			c.add(Finding{Severity: Warning, Code: "tokenizer-ids", File: t.Path, Problem: past,
				Trainer: "OLMo-core trains, and stops with an index that is out of range as soon as its data contains such a token.",
				Hint:    "Keep such tokens out of the training data, or resize the model's embedding to its tokenizer."})
		}
		if most := min(t.Span(), rows); limit < most {
			c.add(Finding{Severity: Warning, Code: "vocab-size", File: olmocore.ConfigFile, Tensor: "dataset.tokenizer.vocab_size",
				Problem: "is less than the tokenizer has", Expected: fmt.Sprint(most), Found: fmt.Sprint(limit),
				Trainer: "OLMo-core chooses the type of token ids in data by it, and may refuse ids past it.",
				Hint:    fmt.Sprintf("Set it to %d.", most)})
		}
		limit = t.Span()
	}
	if rows > 0 {
		limit = min(limit, rows)
	}
	for _, name := range []string{"eos_token_id", "pad_token_id"} {
		if special, ok := named[name].(int64); ok && (special < 0 || special >= limit) {
			c.add(Finding{Severity: Warning, Code: "token-outside", File: olmocore.ConfigFile, Tensor: "dataset.tokenizer." + name,
				Problem: "lies outside of the vocabulary", Expected: fmt.Sprintf("0 to %d", limit-1), Found: fmt.Sprint(special),
				Hint: "Name the id that the tokenizer has for it."})
		}
	}
}

// openCoreTokenizer opens the tokenizer.json of an identifier: a folder, or an id of the hub,
// which is nil here as is what cannot be read.
func (c *checker) openCoreTokenizer(id string) *hf.Tokenizer {
	const stops = "OLMo-core's trainer starts; its downstream evaluation and its export to Hugging Face stop: "
	info, err := os.Stat(id)
	switch {
	case id == "":
		return nil
	case err == nil && !info.IsDir():
		c.add(Finding{Severity: Warning, Code: "tokenizer-missing", File: olmocore.ConfigFile, Tensor: coreIdentifier, Problem: "is a file, and OLMo-core reads a folder", Found: id,
			Trainer: stops + "OSError: Repo id must be in the form 'repo_name' or 'namespace/repo_name'.", Hint: "Name the folder that contains the tokenizer.json."})
		return nil
	case err != nil && hf.IsID(id) && !strings.HasSuffix(id, ".json"):
		return nil
	case err != nil:
		c.add(Finding{Severity: Warning, Code: "tokenizer-missing", File: olmocore.ConfigFile, Tensor: coreIdentifier, Problem: "names a folder that does not exist", Found: id,
			Trainer: stops + "OSError: Repo id must be in the form 'repo_name' or 'namespace/repo_name'.", Hint: "Name the folder that contains the model's tokenizer.json."})
		return nil
	}
	t, err := hf.OpenTokenizer(filepath.Join(id, hf.TokenizerFile))
	if err != nil {
		c.add(Finding{Severity: Warning, Code: "tokenizer-broken", File: filepath.Join(id, hf.TokenizerFile), Problem: "cannot be read as a tokenizer: " + err.Error(),
			Trainer: stops + "the tokenizers library cannot read it.", Hint: "Put the model's tokenizer.json there."})
		return nil
	}
	c.warnOfTwice(t)
	return t
}

// warnOfTwice says what a tokenizer.json has twice.
func (c *checker) warnOfTwice(t *hf.Tokenizer) {
	for _, line := range t.Warnings {
		c.add(Finding{Severity: Warning, Code: "tokenizer-twice", File: t.Path, Problem: strings.TrimPrefix(line, hf.TokenizerFile+": "),
			Hint: "Save it again with the tokenizers library."})
	}
}
