package keymap

import (
	"fmt"
	"strings"
)

// An Export is what the tables make of a native model: a model of transformers.
type Export struct {
	Family  string
	Native  map[string]any // the native config as the exported model would become it again
	Config  Object         // config.json
	Tensors []ExportedTensor
	Inexact []string // what the exported model does not have as the native one has it, in words
}

// ModelType is the model_type in config.json.
func (e *Export) ModelType() string {
	for _, s := range e.Config {
		if s.Name == "model_type" {
			return fmt.Sprint(s.Value)
		}
	}
	return e.Family
}

// An ExportedTensor is a tensor of the Hugging Face model: rows of one of the native ones.
type ExportedTensor struct {
	Name  string
	Shape []int64
	From  string // the native tensor
	First int64  // the first of the rows in that
}

// Export finds the class of transformers that computes what a model with this config does: by
// turning the tables around. Each says in its section export which config.json a native config
// would come from. That is put through the table again, and the class is the first, by name,
// of whose models the result is a native model that computes the same. The tensors are those
// that this way in would fuse. Fields that the config leaves out take the target's defaults.
//
// facts are those of the native model, dtype is what config.json calls that of its tensors. The
// export is nil if something is refused.
func (t *Target) Export(config map[string]any, dtype string, facts Facts) (*Export, []*Refusal) {
	env, refusals := t.complete(config)
	if env == nil {
		return nil, refusals
	}
	env["weights"] = map[string]any{"tensors": facts.Tensors}
	if faults := t.check(env, facts); len(faults) > 0 {
		for _, r := range faults {
			r.Hint = "" // which is about the way in
		}
		return nil, append(refusals, faults...)
	}
	env["dtype"] = dtype
	var nearest *attempt
	for _, b := range bundledTables() {
		table, err := b.Table()
		if b.Target != t.Name || err != nil || len(table.export) == 0 {
			continue
		}
		a, err := t.attempt(table, env, facts)
		switch {
		case err != nil:
			return nil, []*Refusal{{Because: fmt.Sprintf("table %s: export: %v", b.Name, err)}}
		case a.export != nil && len(a.differences) == 0:
			for _, r := range apply(t.same.inexact, env) {
				a.export.Inexact = append(a.export.Inexact, r.Because)
			}
			return a.export, nil
		case nearest == nil || len(a.differences) < len(nearest.differences):
			nearest = a
		}
	}
	if nearest == nil {
		return nil, []*Refusal{{Because: "no table of " + t.Name + " can be turned around"}}
	}
	return nil, []*Refusal{{Hint: t.same.hint, Because: "no class of transformers computes this model; nearest is " +
		nearest.family + ", but " + strings.Join(nearest.differences, ", ")}}
}

// An attempt is what one table would make of a native model.
type attempt struct {
	family      string
	export      *Export  // nil if the table refuses its own config.json
	differences []string // between the native model and what the export would become again
}

// attempt turns one table around. env has the native config and the target's let.
func (t *Target) attempt(table *Table, env map[string]any, facts Facts) (*attempt, error) {
	a := &attempt{family: table.Family}
	var config Object
	for _, b := range table.export {
		v, err := b.value.eval(env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		config = append(config, Setting{b.name, v})
	}
	object := map[string]any{}
	for _, s := range config {
		object[s.Name] = s.Value
	}
	plan, refusals := table.Plan(t, object, Facts{Tokenizer: t.same.tokenizer(env), Tensors: facts.Tensors * maxFused})
	if plan == nil || len(refusals) > 0 {
		for _, r := range refusals {
			a.differences = append(a.differences, r.Because)
		}
		return a, nil
	}
	if word := plan.oneWay(); word != "" {
		a.differences = append(a.differences, "the way back of "+word+" is not known")
		return a, nil
	}
	again := map[string]any{"weights": env["weights"]}
	for _, s := range plan.Config {
		again[s.Name] = s.Value
	}
	a.export = &Export{Family: table.Family, Native: again, Config: config, Tensors: plan.turned()}
	if err := bind(t.let, again); err != nil {
		return nil, err
	}
	var err error
	a.differences, err = t.same.compare(env, again, table.Family)
	return a, err
}

// oneWay returns the first word of the plan that is not turned around, "" if there is none.
func (p *Plan) oneWay() string {
	for _, t := range p.Tensors {
		for _, part := range t.Parts {
			switch {
			case part.Zeros:
				return "zeros"
			case part.Rows != (RowRange{}):
				return "rows"
			case part.Order != (Order{}):
				return "permute"
			}
		}
		if t.Scale != 0 {
			return "scale"
		}
	}
	return ""
}

// maxFused is how many tensors of a model a table may fuse into each native one.
const maxFused = maxParts

// turned returns the parts of the plan's tensors as what they are cut from.
func (p *Plan) turned() (tensors []ExportedTensor) {
	for _, t := range p.Tensors {
		row := int64(0)
		for _, part := range t.Parts {
			tensors = append(tensors, ExportedTensor{Name: part.Name, Shape: part.Shape, From: t.Name, First: row})
			row += part.Shape[0]
		}
	}
	return tensors
}
