package match

import (
	"os"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/keymap"
)

// openNamed opens the tokenizer.json of --tokenizer; nil if that is not a file or folder.
func openNamed(named string) (*tokenizers.Tokenizer, error) {
	switch info, err := os.Stat(named); {
	case named == "" || err != nil:
		return nil, nil
	case info.IsDir():
		named = filepath.Join(named, tokenizers.FileName)
	}
	return hf.OpenTokenizer(named)
}

// countedTokenizer returns the tokenizer whose tokens are counted: the file that the user named,
// or the model's own. A trainer may refuse to start if vocab_size differs.
func (m *matching) countedTokenizer() (*tokenizers.Tokenizer, error) {
	named, own := m.options.Tokenizer, m.Model.Tokenizer
	if t, err := openNamed(named); t != nil || err != nil {
		if t != nil {
			m.Warnings = append(m.Warnings, t.Warnings...)
		}
		return t, err
	}
	use := m.use
	where, orElse := "perhaps ", ""
	if use.Strict {
		where, orElse = "the trainer refuses to start if ", ", or the trainer refuses to start"
	}
	switch {
	case named == "" && own == nil:
		m.warn("no tokenizer.json beside the weights: %s %s, and vocab_size is guessed from the embedding's rows; "+
			"name the right one with --tokenizer ID%s", use.Config, use.Missing, orElse)
	case named != "" && own == nil:
		m.warn("vocab_size is guessed from the embedding's rows: %s--tokenizer %s has a different number of tokens",
			where, named)
	case named != "":
		m.warn("vocab_size %d is counted from the model's own tokenizer.json: %s--tokenizer %s has a different "+
			"number of tokens",
			own.VocabSize, where, named)
	}
	return own, nil
}

// checkTokens compares the tokenizer's ids with the embedding's rows. If a token has no row, the
// trainer that checks it refuses to start; the other one trains, on data without that token.
func (m *matching) checkTokens() error {
	values := keymap.ByName(m.Config)
	rows := m.options.Trainer.Rows(values)
	vocabulary := rows
	if m.Tokenizer != nil {
		vocabulary = min(rows, int(m.Tokenizer.Span()))
		if problem := m.Tokenizer.PastText(int64(rows)); problem != "" {
			if m.use.Strict {
				return &fault.Fault{File: filepath.Base(m.Tokenizer.Path), Problem: problem,
					Hint: "Resize the model's embedding to its tokenizer, or name the tokenizer that it was trained with: " +
						"--tokenizer. OLMo-core has no such check: --target olmo-core."}
			}
			m.warn("%s: %s; keep such tokens out of the training data", filepath.Base(m.Tokenizer.Path), problem)
		}
	}
	if pad, ok := values["pad_token_id"].(int); ok && m.Tokenizer != nil && pad == values["eos_token_id"] &&
		!m.states("pad_token_id") {
		m.warn("no token for padding in config.json or the tokenizer's files: %s has that of the end, %d, for both",
			m.use.Config, pad)
	}
	if values["pad_token_id"] == vocabulary && vocabulary < rows {
		vocabulary++ // the row past the tokenizer's tokens, which is for padding
	}
	for _, name := range []string{"eos_token_id", "pad_token_id"} { // of which no trainer says anything
		if id, ok := values[name].(int); ok && (id < 0 || id >= vocabulary) {
			m.warn("%s %d is outside the vocabulary of %d tokens", name, id, vocabulary)
		}
	}
	return nil
}
