package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
)

const coreIdentifier = "dataset.tokenizer.identifier"

// coreTokenizerChecks are about the tokenizer that a config.json of OLMo-core names.
type coreTokenizerChecks struct{ *checker }

// checkCoreTokenizer looks at the tokenizer that a config.json of OLMo-core names. Its trainer
// starts without one: it reads data that is tokenized already.
func (c coreTokenizerChecks) checkCoreTokenizer(config map[string]any) {
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
			c.add("tokenizer-ids/olmo-core", about{file: t.Path}, "problem", past)
		}
		if most := min(t.Span(), rows); limit < most {
			c.add("vocab-size/olmo-core", about{file: olmocore.ConfigFile, tensor: "dataset.tokenizer.vocab_size",
				expected: fmt.Sprint(most), found: fmt.Sprint(limit)})
		}
		if pad, ok := named["pad_token_id"].(int64); !ok || pad != t.Span() || pad >= limit { // the row past its tokens
			limit = t.Span()
		}
	}
	if rows > 0 {
		limit = min(limit, rows)
	}
	for _, name := range []string{"eos_token_id", "pad_token_id"} {
		if special, ok := named[name].(int64); ok && (special < 0 || special >= limit) {
			c.add("token-outside/olmo-core", about{file: olmocore.ConfigFile, tensor: "dataset.tokenizer." + name,
				expected: fmt.Sprintf("0 to %d", limit-1), found: fmt.Sprint(special)})
		}
	}
}

// openCoreTokenizer opens the tokenizer.json of an identifier: a folder, or an id of the hub,
// which is nil here as is what cannot be read.
func (c coreTokenizerChecks) openCoreTokenizer(id string) *tokenizers.Tokenizer {
	info, err := os.Stat(id)
	switch {
	case id == "":
		return nil
	case err == nil && !info.IsDir():
		c.add("tokenizer-missing/core-file", about{file: olmocore.ConfigFile, tensor: coreIdentifier, found: id})
		return nil
	case err != nil && hf.IsID(id) && !strings.HasSuffix(id, ".json"):
		return nil
	case err != nil:
		finding := "tokenizer-missing/core-folder"
		if regular.Is(filepath.Join(c.dir.path, tokenizers.FileName)) {
			finding = "tokenizer-missing/core-folder-beside"
		}
		c.add(finding, about{file: olmocore.ConfigFile, tensor: coreIdentifier, found: id}, "path", c.dir.path)
		return nil
	}
	t, err := hf.OpenTokenizer(filepath.Join(id, tokenizers.FileName))
	if err != nil {
		c.add("tokenizer-broken/olmo-core", about{file: filepath.Join(id, tokenizers.FileName)}, "cause", err)
		return nil
	}
	c.warnOfTwice(t)
	return t
}
