package convert

import (
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/regular"
)

// FindTokenizer returns what the config of a target names for the value of --tokenizer:
// the absolute path of a file or folder that is there, a name bundled with the trainer, or an
// id of the hub. Whatever looks like a path must be one: the trainer would take a mistyped
// path for an id, and stop when it starts. "" is none. The error is a *fault.Fault.
func FindTokenizer(target, named string) (string, error) {
	trainer, err := trainerNamed(target)
	if err != nil || named == "" {
		return "", err
	}
	info, err := os.Stat(named)
	problem, hint := "", "Give a tokenizer.json, the folder that contains it, or an id of the hub (ORG/NAME)."
	switch {
	case err == nil && info.IsDir():
		file := filepath.Join(named, hf.TokenizerFile)
		if regular.Is(file) {
			return trainer.tokenizerPath(file)
		}
		problem = "is a folder without tokenizer.json"
	case err == nil && info.Mode().IsRegular():
		return trainer.tokenizerPath(named)
	case err == nil:
		problem = "is neither a file nor a folder"
	case !disk.Absent(err):
		problem = fault.Cause(err)
	case trainer.bundles(named), hf.IsID(named) && !looksLikeFile(named):
		return named, nil
	default:
		problem = "does not exist, and cannot be an id of the hub"
	}
	return "", &fault.Fault{File: "--tokenizer " + named, Problem: problem, Hint: hint}
}

// looksLikeFile reports whether an id of the hub has the name of a file, or is a dangling link.
func looksLikeFile(id string) bool {
	_, err := os.Lstat(id)
	return err == nil || strings.HasSuffix(id, ".json")
}

// openNamed opens the tokenizer.json of --tokenizer; nil where it is none on disk.
func openNamed(named string) (*hf.Tokenizer, error) {
	switch info, err := os.Stat(named); {
	case named == "" || err != nil:
		return nil, nil
	case info.IsDir():
		named = filepath.Join(named, hf.TokenizerFile)
	}
	return hf.OpenTokenizer(named)
}

// countedTokenizer is the tokenizer whose tokens are counted: the file that the user
// named, or the model's own. A trainer may refuse to start where vocab_size is another.
func (c *Conversion) countedTokenizer() (*hf.Tokenizer, error) {
	named, own := c.options.Tokenizer, c.Model.Tokenizer
	if t, err := openNamed(named); t != nil || err != nil {
		if t != nil {
			c.Warnings = append(c.Warnings, t.Warnings...)
		}
		return t, err
	}
	use := c.trainer.tokenizers(c)
	where, orElse := "perhaps ", ""
	if use.strict {
		where, orElse = "the trainer refuses to start where ", ", or the trainer refuses to start"
	}
	switch {
	case named == "" && own == nil:
		c.warn("no tokenizer.json beside the weights: %s %s, and vocab_size is guessed from the embedding's rows; "+
			"name the right one with --tokenizer ID%s", use.config, use.missing, orElse)
	case named != "" && own == nil:
		c.warn("vocab_size is guessed from the embedding's rows: %s--tokenizer %s has another number of tokens", where, named)
	case named != "":
		c.warn("vocab_size %d is counted from the model's own tokenizer.json: %s--tokenizer %s has another number of tokens",
			own.VocabSize, where, named)
	}
	return own, nil
}

// checkTokens compares the tokenizer's ids with the embedding's rows. Where a token has none,
// the trainer that checks it refuses to start; the other one trains, on data without that token.
func (c *Conversion) checkTokens() error {
	values := settings(c.Config)
	rows := c.trainer.rows(values)
	vocabulary := rows
	if c.tokenizer != nil {
		vocabulary = min(rows, int(c.tokenizer.Span()))
		if problem := c.tokenizer.PastText(int64(rows)); problem != "" {
			if c.trainer.tokenizers(c).strict {
				return &fault.Fault{File: filepath.Base(c.tokenizer.Path), Problem: problem, Hint: "Resize the model's embedding to " +
					"its tokenizer, or name the tokenizer that it was trained with: --tokenizer. OLMo-core has no such check: --target olmo-core."}
			}
			c.warn("%s: %s; keep such tokens out of the training data", filepath.Base(c.tokenizer.Path), problem)
		}
	}
	for _, name := range []string{"eos_token_id", "pad_token_id"} { // of which no trainer says anything
		if id, ok := values[name].(int); ok && (id < 0 || id >= vocabulary) {
			c.warn("%s %d lies outside the vocabulary of %d tokens", name, id, vocabulary)
		}
	}
	return nil
}
