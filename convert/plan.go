package convert

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"hf2olmo/convert/fault"
	"hf2olmo/keymap"
)

// target is the name of the trainer that is converted for.
func (o *Options) target() string {
	switch {
	case o.Target != "":
		return o.Target
	case o.Keymap != nil:
		return o.Keymap.Target
	}
	return "olmo"
}

// plan applies the table of the model's family to its config. It returns the plan
// also where something is refused, so that the tensors are looked at all the same;
// nil where the config does not even tell their shapes.
func (c *Conversion) plan() (*keymap.Plan, error) {
	table := c.options.Keymap
	target, err := keymap.TargetNamed(c.options.target())
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
	c.fields = table.Readings(c.Model.Config)
	c.suppose = func(config map[string]any) *keymap.Plan {
		plan, _ := table.Plan(target, config, facts)
		return plan
	}
	plan, refusals := table.Plan(target, c.Model.Config, facts)
	for _, r := range refusals {
		faults.Add("", c.refusal(r))
	}
	if plan != nil {
		c.Family, c.Config, c.document = plan.Family, plan.Config, plan.Document
		faults.Add("", c.checkTokens())
		c.warnOfFields(plan)
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
	var err error
	c.tokenizer, err = c.countedTokenizer()
	use := c.trainer.tokenizers(c)
	switch {
	case c.tokenizer == nil:
	case use.strict:
		known["vocab_size"] = int(c.tokenizer.VocabSize)
	default:
		known["vocab_size"] = int(c.tokenizer.Span())
	}
	if !utf8.ValidString(use.identity) {
		err = errors.Join(err, &fault.Fault{File: use.identity, Problem: "is not UTF-8 text, and " + use.config + " cannot name it as tokenizer",
			Hint: "Name the tokenizer with --tokenizer ID."})
	}
	if use.identity != "" {
		known["identifier"] = use.identity
	}
	for _, role := range []string{"eos", "pad"} {
		if id, ok := c.Model.SpecialTokenID(role); ok {
			known[role+"_token_id"] = int(id)
		}
	}
	if known["eos_token_id"] == nil {
		known["eos_token_id"] = 0
		if id := c.Model.Config["eos_token_id"]; id == nil || reflect.DeepEqual(id, []any{}) {
			c.warn("no eos_token_id in config.json, generation_config.json or the tokenizer's files: 0 is written to %s", use.config)
		}
	}
	return keymap.Facts{Tokenizer: known, Tensors: len(c.Model.Tensors)}, err
}

// warnOfFields warns of what config.json says and no table has a word for: it may change
// what the model computes.
func (c *Conversion) warnOfFields(plan *keymap.Plan) {
	const most = 5
	names, rest := plan.Unknown, ""
	if len(names) > most {
		names, rest = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	if len(names) > 0 {
		c.warn("config.json has fields that the table %s does not know: %s%s; if the model's code reads them, the checkpoint computes something else",
			plan.Family, strings.Join(names, ", "), rest)
	}
}

func (c *Conversion) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
