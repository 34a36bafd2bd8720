package convert

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/keymap"
)

// plan applies the table of the model's family to its config. It returns the plan
// also where something is refused, so that the tensors are looked at all the same;
// nil where the config does not even tell their shapes.
func (c *Conversion) plan() (*keymap.Plan, error) {
	table := c.options.Keymap
	targetName := "olmo"
	if table != nil {
		targetName = table.Target
	}
	target, err := keymap.TargetNamed(targetName)
	if err != nil {
		return nil, err
	}
	if table == nil {
		if table, err = keymap.For(target, c.Model.Config); err != nil {
			return nil, c.refusal(err)
		}
	}
	var faults fault.List
	facts, err := c.facts()
	faults.Add("", err)
	plan, refusals := table.Plan(target, c.Model.Config, facts)
	for _, r := range refusals {
		faults.Add("", c.refusal(r))
	}
	if plan != nil {
		c.Family, c.Config = plan.Family, plan.Config
		c.warnOfTokens()
	}
	return plan, faults.Err()
}

func (c *Conversion) refusal(err error) error {
	var r *keymap.Refusal
	if errors.As(err, &r) {
		return &fault.Fault{File: r.File, Problem: r.Because, Hint: r.Hint}
	}
	return err
}

// facts are what the tables may know beyond config.json.
func (c *Conversion) facts() (keymap.Facts, error) {
	known := map[string]any{}
	tokenizer, err := c.countedTokenizer()
	if tokenizer != nil {
		known["vocab_size"] = int(tokenizer.VocabSize)
	}
	for _, role := range []string{"eos", "pad"} {
		if id, ok := c.Model.SpecialTokenID(role); ok {
			known[role+"_token_id"] = int(id)
		}
	}
	if known["eos_token_id"] == nil {
		known["eos_token_id"] = 0
		if c.Model.Config["eos_token_id"] == nil {
			c.warn("no eos_token_id in config.json, generation_config.json or the tokenizer's files: 0 is written to config.yaml")
		}
	}
	return keymap.Facts{Tokenizer: known, Tensors: len(c.Model.Tensors)}, err
}

// countedTokenizer is the tokenizer whose tokens are counted: the file that the user
// named, or the model's own. The trainer refuses to start where vocab_size is another.
func (c *Conversion) countedTokenizer() (*hf.Tokenizer, error) {
	named, own := c.options.Tokenizer, c.Model.Tokenizer
	switch info, err := os.Stat(named); {
	case named == "" && own == nil:
		c.warn("no tokenizer.json beside the weights: config.yaml names %q as tokenizer, and vocab_size is guessed from the embedding's rows; name the right one with --tokenizer ID, or the trainer refuses to start", missingTokenizer)
	case named != "" && err == nil && !info.IsDir():
		if c.options.Tokenizer, err = filepath.Abs(named); err != nil {
			return nil, err
		}
		return hf.OpenTokenizer(named)
	case named != "" && own == nil:
		c.warn("vocab_size is guessed from the embedding's rows: the trainer refuses to start where --tokenizer %s has another number of tokens", named)
	case named != "":
		c.warn("vocab_size %d is counted from the model's own tokenizer.json: the trainer refuses to start where --tokenizer %s has another number of tokens", own.VocabSize, named)
	}
	return own, nil
}

// warnOfTokens warns of special tokens outside the vocabulary: the trainer says
// nothing, and documents are never told apart, or padding reads past the embedding.
func (c *Conversion) warnOfTokens() {
	values := map[string]any{}
	for _, s := range c.Config {
		values[s.Name] = s.Value
	}
	vocabulary, _ := values["vocab_size"].(int)
	for _, name := range []string{"eos_token_id", "pad_token_id"} {
		if id, ok := values[name].(int); ok && (id < 0 || id >= vocabulary) {
			c.warn("%s %d lies outside the vocabulary of %d tokens", name, id, vocabulary)
		}
	}
}

func (c *Conversion) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
