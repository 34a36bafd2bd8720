package keymap

import (
	"fmt"
	"maps"
	"strings"
)

// An Export is what the tables make of a native model: a model of transformers.
type Export struct {
	Family  string
	Native  map[string]any // the native config as the exported model would become it again
	Config  Object         // config.json
	Tensors []ExportedTensor
	Tied    []Tied
	Zeros   []Piece  // native rows that must be zeros, which the Hugging Face model has not
	Inexact []string // what the exported model does not have as the native one has it, in words
	// Like is what the config.json of the model that was trained says, with what its class fills in and without
	// the objects that its fields are in; nil if that model is not known.
	Like map[string]any
}

// ModelType is the model_type in config.json.
func (e *Export) ModelType() string {
	if modelType := e.Config.Get("model_type"); modelType != nil {
		return fmt.Sprint(modelType)
	}
	return e.Family
}

// maxExported is how many tensors a native model may become at most, and how many each of its own:
// the experts of a layer are one tensor in the trainer's checkpoints.
const (
	maxExported = 1 << 17
	maxCut      = 512
)

// Export finds the class of transformers that computes what a model with this config does: by
// turning the tables around. Each says in its section export which config.json a native config
// would come from. That is put through the table again, and the class is the first (computes.first,
// then by name) of whose models the result is a native model that computes the same. The tensors are those
// that this way in would make the native ones of. Fields that the config leaves out take the
// target's defaults.
//
// config is the target's own, or, if its config file is nested, what that contains. facts are
// those of the native model, dtype is what config.json calls that of its tensors. The export is
// nil if something is refused.
func (t *Target) Export(config map[string]any, dtype string, facts Facts) (*Export, []*Refusal) {
	n, refusals := nativeOf(t, config, facts)
	if n == nil || len(refusals) > 0 {
		return nil, refusals
	}
	n.env["dtype"] = dtype
	return n.first(t, facts)
}

// first is Export of a native model of a target.
func (n *native) first(t *Target, facts Facts) (*Export, []*Refusal) {
	var nearest *attempt
	for _, b := range t.same.inOrder(bundledTables()) {
		table, err := b.Table()
		if b.Target != t.Name || err != nil || len(table.export) == 0 {
			continue
		}
		a, err := t.attempt(table, n, facts)
		switch {
		case err != nil:
			return nil, []*Refusal{{Because: fmt.Sprintf("table %s: export: %v", b.Name, err)}}
		case a == nil:
		case a.export != nil && len(a.differences) == 0:
			a.export.Inexact = a.said(n)
			return a.export, nil
		case nearest == nil || a.nearer(nearest):
			nearest = a
		}
	}
	if nearest == nil {
		return nil, []*Refusal{{Because: "no table of " + t.Name + " can be turned around"}}
	}
	return nil, []*Refusal{{Hint: t.same.hint, Because: "no class of transformers computes this model; nearest is " +
		nearest.family + ", but " + strings.Join(nearest.differences, ", ")}}
}

// A native is the model of a checkpoint, as the tables see it.
type native struct {
	env       map[string]any // its config, and the names of the target's let
	described *described     // of a nested config file, nil of any other
	inexact   []*Refusal     // what is said of it, and no reason to refuse it
}

// nativeOf reads a native config and checks it. It is nil if it does not say enough.
func nativeOf(t *Target, config map[string]any, facts Facts) (*native, []*Refusal) {
	n := &native{}
	var rules map[string]any
	if t.readBack != nil {
		if refusals := t.readBack.wrong(config); len(refusals) > 0 {
			return nil, refusals
		}
		one, err := t.readBack.of(config, facts.Tensors)
		if err != nil {
			return nil, []*Refusal{{File: source, Because: err.Error()}}
		}
		n.described, config, rules = one.described, one.config, one.env
		n.inexact = apply(t.readBack.inexact, rules)
	}
	if n.described != nil {
		if refusals := apply(t.readBack.refuse, rules); len(refusals) > 0 {
			return nil, refusals
		}
	}
	env, refusals := t.complete(config)
	if env == nil {
		return nil, refusals
	}
	n.env = env
	env["weights"] = map[string]any{"tensors": exported(facts)}
	env["like"] = map[string]any{}
	for _, r := range t.check(env, facts) {
		r.Hint = "" // which is about the way in
		refusals = append(refusals, r)
	}
	n.inexact = append(n.inexact, apply(t.same.inexact, env)...)
	return n, refusals
}

// said is what is said of an attempt that succeeded.
func (a *attempt) said(n *native) []string {
	words := said(n.inexact)
	if a.leftOut != "" {
		words = append(words, a.leftOut)
	}
	return words
}

// said returns the words of rules.
func said(rules []*Refusal) (words []string) {
	for _, r := range rules {
		words = append(words, r.Because)
	}
	return words
}

// exported returns how many tensors a native model may become.
func exported(facts Facts) int { return max(facts.Tensors, min(facts.Tensors*maxCut, maxExported)) }

// An attempt is what one table would make of a native model.
type attempt struct {
	family      string
	export      *Export  // nil if the table refuses its own config.json
	differences []string // between the native model and what the export would become again
	leftOut     string   // what the export does not have for training, in words; "" for nothing
}

// nearer reports whether an attempt came closer than another: one whose model the table takes always did.
func (a *attempt) nearer(than *attempt) bool {
	if (a.export == nil) != (than.export == nil) {
		return a.export != nil
	}
	return len(a.differences) < len(than.differences)
}

// attempt turns one table around. It is nil if the table does not want such a model.
func (t *Target) attempt(table *Table, n *native, facts Facts) (*attempt, error) {
	a := &attempt{family: table.Family}
	config, err := table.config4(n.env)
	if config == nil || err != nil {
		return nil, err
	}
	plan, refusals := table.planWith(t, copied(config).(map[string]any),
		Facts{Tokenizer: t.same.tokenizer(n.env), Tensors: exported(facts)}, t.same.keeps(n.env))
	if plan == nil || len(refusals) > 0 {
		for _, r := range refusals {
			a.differences = append(a.differences, r.Because)
		}
		return a, nil
	}
	turned, oneWay := plan.turn()
	if oneWay != "" {
		a.differences = append(a.differences, "there is no way back of "+oneWay)
		return a, nil
	}
	again := ByName(plan.Config)
	a.leftOut = t.same.leftOut(n.env, again)
	again["weights"] = n.env["weights"]
	a.export = &Export{Family: table.Family, Native: maps.Clone(again), Config: config}
	a.export.Tensors, a.export.Tied, a.export.Zeros = turned.tensors, turned.tied, turned.zeros
	if n.described != nil {
		a.differences, err = n.differences(t, plan, facts)
		return a, err
	}
	if err := bind(t.let, again); err != nil {
		return nil, err
	}
	a.differences, err = t.same.compare(n.env, again, table.Family)
	return a, err
}

// differences compares the native model with the one that the config file of a plan describes.
func (n *native) differences(t *Target, plan *Plan, facts Facts) ([]string, error) {
	document, _ := copied(plan.Document).(map[string]any)
	section, _ := document[modelSection].(map[string]any)
	family, err := t.readBack.describe(section, facts.Tensors)
	if err != nil {
		return nil, err
	}
	return t.readBack.normal.differences(n.described, family, plan.Family), nil
}

// exportIf is the entry of an export section that says which models it is for; without one it is for all.
const exportIf = "$when"

// config4 returns the config.json that a native model would come from, in the spelling of transformers 4; nil if
// the section is not for it.
func (t *Table) config4(env map[string]any) (Object, error) {
	var config Object
	for _, b := range t.export {
		v, err := b.value.eval(env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		if b.name == exportIf {
			if v != true {
				return nil, nil
			}
			continue
		}
		name, optional := strings.CutSuffix(b.name, "?")
		if v != nil || !optional {
			config = append(config, Setting{name, v})
		}
	}
	return config, nil
}
