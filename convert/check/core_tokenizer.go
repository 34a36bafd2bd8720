package check

import (
	"encoding/json"
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
func (c *checker) checkCoreTokenizer(text []byte) {
	var config struct {
		Model struct {
			Rows int64 `json:"vocab_size"`
		} `json:"model"`
		Dataset struct {
			Tokenizer struct {
				Tokens     int64  `json:"vocab_size"`
				EOS        int64  `json:"eos_token_id"`
				Pad        int64  `json:"pad_token_id"`
				Identifier string `json:"identifier"`
			} `json:"tokenizer"`
		} `json:"dataset"`
	}
	if err := json.Unmarshal(text, &config); err != nil || config.Dataset.Tokenizer.Tokens == 0 {
		return
	}
	named, rows := config.Dataset.Tokenizer, config.Model.Rows
	limit := named.Tokens
	if t := c.openCoreTokenizer(named.Identifier); t != nil {
		limit = t.Span()
		if past := t.PastText(rows); rows > 0 && past != "" {
			c.add(Finding{Gravity: Warning, Code: "tokenizer-ids", File: t.Path, Problem: past,
				Trainer: "OLMo-core trains, and stops with an index that is out of range as soon as its data contains such a token.",
				Hint:    "Keep such tokens out of the training data, or resize the model's embedding to its tokenizer."})
		}
		if most := min(t.Span(), rows); rows > 0 && named.Tokens < most {
			c.add(Finding{Gravity: Warning, Code: "vocab-size", File: olmocore.ConfigFile, Tensor: "dataset.tokenizer.vocab_size",
				Problem: "is less than the tokenizer has", Expected: fmt.Sprint(most), Found: fmt.Sprint(named.Tokens),
				Trainer: "OLMo-core chooses the type of token ids in data by it, and may refuse ids past it.", Hint: fmt.Sprintf("Set it to %d.", most)})
		}
	}
	if rows > 0 {
		limit = min(limit, rows)
	}
	for _, special := range []struct {
		name string
		id   int64
	}{{"eos_token_id", named.EOS}, {"pad_token_id", named.Pad}} {
		if special.id < 0 || special.id >= limit {
			c.add(Finding{Gravity: Warning, Code: "token-outside", File: olmocore.ConfigFile, Tensor: "dataset.tokenizer." + special.name,
				Problem: "lies outside of the vocabulary", Expected: fmt.Sprintf("0 to %d", limit-1), Found: fmt.Sprint(special.id),
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
		c.add(Finding{Gravity: Warning, Code: "tokenizer-missing", File: olmocore.ConfigFile, Tensor: coreIdentifier, Problem: "is a file, and OLMo-core reads a folder", Found: id,
			Trainer: stops + "OSError: Repo id must be in the form 'repo_name' or 'namespace/repo_name'.", Hint: "Name the folder that contains the tokenizer.json."})
		return nil
	case err != nil && hf.IsID(id) && !strings.HasSuffix(id, ".json"):
		return nil
	case err != nil:
		c.add(Finding{Gravity: Warning, Code: "tokenizer-missing", File: olmocore.ConfigFile, Tensor: coreIdentifier, Problem: "names a folder that does not exist", Found: id,
			Trainer: stops + "OSError: Repo id must be in the form 'repo_name' or 'namespace/repo_name'.", Hint: "Name the folder that contains the model's tokenizer.json."})
		return nil
	}
	t, err := hf.OpenTokenizer(filepath.Join(id, hf.TokenizerFile))
	if err != nil {
		c.add(Finding{Gravity: Warning, Code: "tokenizer-broken", File: filepath.Join(id, hf.TokenizerFile), Problem: "cannot be read as a tokenizer: " + err.Error(),
			Trainer: stops + "the tokenizers library cannot read it.", Hint: "Put the model's tokenizer.json there."})
		return nil
	}
	c.warnOfTwice(t)
	return t
}

// warnOfTwice says what a tokenizer.json has twice.
func (c *checker) warnOfTwice(t *hf.Tokenizer) {
	for _, line := range t.Warnings {
		c.add(Finding{Gravity: Warning, Code: "tokenizer-twice", File: t.Path, Problem: strings.TrimPrefix(line, hf.TokenizerFile+": "),
			Hint: "Save it again with the tokenizers library."})
	}
}
