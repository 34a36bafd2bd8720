package match

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/keymap"
)

// plan applies the table of the model's family to its config. It returns the plan even if
// something is refused, so that the tensors are checked too; nil if the config does not
// determine their shapes.
func (m *matching) plan() (*keymap.Plan, error) {
	table := m.options.Table
	target, err := keymap.TargetNamed(m.options.Target)
	if err != nil {
		return nil, err
	}
	if table == nil {
		if table, err = keymap.For(target, m.Model.Config); err != nil {
			return nil, m.elsewhere(err)
		}
	}
	var faults fault.List
	m.fields = table.Readings(m.Model.Config)
	facts, err := m.facts()
	faults.Add("", err)
	m.suppose = func(config map[string]any) *keymap.Plan {
		plan, _ := table.Plan(target, config, facts)
		return plan
	}
	plan, refusals := table.Plan(target, m.Model.Config, facts)
	for _, r := range refusals {
		faults.Add("", refusal(r))
	}
	if plan != nil {
		m.Family, m.Config, m.Document, m.Since = plan.Family, plan.Config, plan.Document, plan.Since
		faults.Add("", m.checkTokens())
		m.warnOfFields(plan)
	}
	return plan, faults.Err()
}

// elsewhere adds the command to a refusal of a model that another trainer has a table for.
func (m *matching) elsewhere(err error) error {
	var r *keymap.Refusal
	if errors.As(err, &r) && r.Target != "" {
		r.Hint = strings.TrimSuffix(r.Hint, ".") + ": hf2olmo convert --target " + r.Target + " " +
			folder.ShellQuote(m.Model.Source)
	}
	return refusal(err)
}

func refusal(err error) error {
	var r *keymap.Refusal
	if errors.As(err, &r) {
		return &fault.Fault{File: r.File, Problem: r.Because, Hint: r.Hint}
	}
	return err
}

// facts are what tables may use besides config.json.
func (m *matching) facts() (keymap.Facts, error) {
	known := map[string]any{}
	var err error
	m.Tokenizer, err = m.countedTokenizer()
	use := m.use
	switch {
	case m.Tokenizer == nil:
	case use.Strict:
		known["vocab_size"] = int(m.Tokenizer.VocabSize)
	default:
		known["vocab_size"] = int(m.Tokenizer.Span())
	}
	if !utf8.ValidString(use.Name) {
		err = errors.Join(err, &fault.Fault{File: use.Name, Problem: "is not UTF-8 text, and " + use.Config +
			" cannot name it as tokenizer",
			Hint: "Name the tokenizer with --tokenizer ID."})
	}
	if use.Name != "" {
		known["identifier"] = use.Name
	}
	for _, role := range []string{"eos", "pad"} {
		if id, ok := m.Model.SpecialTokenID(role); ok {
			known[role+"_token_id"] = int(id)
		} else if id, ok := m.outside(role + "_token_id"); ok {
			known[role+"_token_id"] = int(id)
		}
	}
	if known["eos_token_id"] == nil {
		known["eos_token_id"] = 0
		if !m.states("eos_token_id") {
			m.warn("no eos_token_id in config.json, generation_config.json or the tokenizer's files: 0 is written to %s",
				use.Config)
		}
	}
	return keymap.Facts{Tokenizer: known, Tensors: len(m.Model.Tensors), Shapes: m.Model.Shapes()}, err
}

// states reports whether config.json has a token for a field, where the table reads it.
func (m *matching) states(field string) bool {
	config := m.Model.Config
	for _, f := range m.fields {
		if f.Name == field && f.In != "" {
			config, _ = config[f.In].(map[string]any)
		}
	}
	id := config[field]
	return id != nil && !reflect.DeepEqual(id, []any{})
}

// outside returns a token that config.json has for the whole of a model, if the table reads the config of a
// model inside of it.
func (m *matching) outside(field string) (id int64, ok bool) {
	if !slices.ContainsFunc(m.fields, func(f keymap.Reading) bool { return f.Name == field && f.In != "" }) {
		return 0, false
	}
	v := m.Model.Config[field]
	if list, isList := v.([]any); isList && len(list) > 0 {
		v = list[0] // of several, the first is taken
	}
	id, ok = v.(int64)
	return id, ok && id >= 0
}

// warnOfFields warns of fields of config.json that the table does not know: they may change what
// the model computes.
func (m *matching) warnOfFields(plan *keymap.Plan) {
	const maxShown = 5
	names, rest := plan.Unknown, ""
	if len(names) > maxShown {
		names, rest = names[:maxShown], fmt.Sprintf(" and %d more", len(names)-maxShown)
	}
	if len(names) > 0 {
		m.warn("config.json has fields that the %s table does not know: %s%s; if the model's code uses them, "+
			"the checkpoint computes something different",
			plan.Family, strings.Join(names, ", "), rest)
	}
}
