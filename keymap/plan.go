package keymap

import (
	"fmt"
	"slices"
)

// A Plan is what a table makes of one config: the target's config, and for each
// of the target's tensors the tensors of the model that it consists of.
type Plan struct {
	Family   string
	Config   []Setting
	Document Object // the target's config file; nil if it takes more than is known here
	Since    string // the trainer's first release that builds the model; "" if its target names none
	Tensors  []PlannedTensor
	Drop     []Drop
	Prefixes []Prefix // of the names of the model's tensors
	Unknown  []string // fields of config.json that have a value and are in no list, sorted

	room  int            // how many more parts can be planned
	model map[string]any // what expressions of the model's side see
}

// A Setting is a field of the target's config; Value is an int, float64, bool, string,
// list, map or nil.
type Setting struct {
	Name  string
	Value any
}

// ByName returns the values of settings by their names.
func ByName(settings []Setting) map[string]any {
	values := make(map[string]any, len(settings))
	for _, s := range settings {
		values[s.Name] = s.Value
	}
	return values
}

// A PlannedTensor is a tensor of the target and the parts whose rows it consists of, in order.
type PlannedTensor struct {
	Name  string
	Shape []int64
	Parts []Part
	DType string  // what it must be stored in; "" for any
	Add   float64 // to every element
	Scale float64 // times every element, after Add; 0 for nothing
	Same  string  // the tensor of the target that it is another name of; then it has no parts
}

// A Part is a tensor of the model with the shape that it must have, or rows of one, or zeros.
type Part struct {
	Name       string   // "" for zeros
	Shape      []int64  // of the whole tensor
	Zeros      bool     // it is in no file
	Order      Order    // of its rows
	Rows       RowRange // of the tensor, in that order, that are the part
	Transposed bool     // its rows become columns
}

// Target returns the shape that the part has in the target.
func (p Part) Target() []int64 {
	shape := p.Shape
	if p.Rows != (RowRange{}) {
		shape = append([]int64{p.Rows.count(shape[0])}, shape[1:]...)
	}
	if p.Transposed {
		return []int64{shape[1], shape[0]}
	}
	return shape
}

// called is what messages call the part.
func (p Part) called() string {
	if p.Zeros {
		return "zeros"
	}
	return p.Name
}

// A Drop is a tensor of the model that is left out if present; if SameAs is not
// empty, only if it equals that tensor bit for bit.
type Drop struct {
	Name   string
	SameAs string
	All    bool     // all tensors whose names begin with Name
	Rows   RowRange // that alone are left out, of a tensor whose other rows are used
}

// Facts are what is known about a model besides its config.json.
type Facts struct {
	// Tokenizer is what tables read as tokenizer.vocab_size, .eos_token_id, .pad_token_id, .bos_token_id and
	// .identifier, without those that are unknown.
	Tokenizer map[string]any
	// Tensors is how many tensors its files contain, weights.tensors in tables. No model has more layers.
	Tensors int
	// Shapes are those of the tensors, by name, weights.shapes in tables; nil if there are no files.
	Shapes map[string][]int64
}

// source is the file that most refusals concern.
const source = "config.json"

// Plan applies the table to a parsed config.json. All refusals are found at
// once; the plan is nil if the config does not even determine the shapes. A field of the
// target's config that has a wrong value is not refused again if a rule of its name
// has refused it.
func (t *Table) Plan(target *Target, config map[string]any, facts Facts) (*Plan, []*Refusal) {
	return t.planWith(target, config, facts, nil)
}

// planWith is Plan with some fields of the target's config, whatever the table says of them.
func (t *Table) planWith(target *Target, config map[string]any, facts Facts, fixed map[string]any) (
	*Plan, []*Refusal,
) {
	env, refusals := t.read(config, facts)
	if env == nil {
		return nil, refusals
	}
	plan := &Plan{Family: t.Family, Unknown: t.unknown(config), Prefixes: t.prefixes, model: env}
	native := map[string]any{"weights": map[string]any{"tensors": facts.Tensors}}
	for _, f := range target.Fields {
		v, err := t.setting(f, env)
		if own, ok := fixed[f.Name]; ok {
			v, err = f.convert(own)
		}
		if err != nil && !slices.ContainsFunc(refusals, func(r *Refusal) bool { return r.rule == f.Name }) {
			refusals = append(refusals, &Refusal{File: source, Because: err.Error()})
		}
		plan.Config = append(plan.Config, Setting{f.Name, v})
		native[f.Name] = v
	}
	if len(refusals) > 0 && anyMissing(target.Fields, native) {
		return nil, refusals
	}
	faults := target.check(native, facts)
	refusals = append(refusals, faults...)
	if len(faults) > 0 {
		return nil, refusals
	}
	err := t.planTensors(plan, target, native, facts)
	if err == nil && target.since != nil {
		plan.Since, err = target.since.string(native)
	}
	switch {
	case err != nil && len(refusals) > 0:
		return nil, refusals // which say why
	case err != nil:
		return nil, []*Refusal{{Because: err.Error()}}
	}
	if len(target.document.takes) == 0 && len(refusals) == 0 {
		var err error
		if plan.Document, err = target.evalDocument(plan.Config, native, nil); err != nil {
			return nil, []*Refusal{{Because: err.Error()}}
		}
	}
	return plan, refusals
}

// read evaluates the model's side: fields, names, and what is refused. The
// environment is nil if a field is missing or has the wrong type.
func (t *Table) read(config map[string]any, facts Facts) (map[string]any, []*Refusal) {
	env, refusals := readFields(t.fields, config, source)
	if wrong := anyPretrained().checkNumbers(t.fields, config); len(wrong) > 0 {
		env, refusals = nil, append(refusals, wrong...)
	}
	refusals = append(refusals, anyPretrained().check(config)...)
	for _, object := range objects(t.fields, config) {
		refusals = append(refusals, anyPretrained().check(object)...)
	}
	if env == nil {
		return nil, refusals
	}
	env["tokenizer"] = facts.Tokenizer
	env["weights"] = facts.seen(t.prefixes)
	if err := bind(t.let, env); err != nil {
		return nil, append(refusals, &Refusal{File: source, Because: err.Error()})
	}
	return env, append(refusals, apply(t.refuse, env)...)
}

// setting is one field of the target's config: as the table says, or in native
// packaging as the model's config says, or the target's default.
func (t *Table) setting(f Field, env map[string]any) (any, error) {
	e, ok := t.config[f.Name]
	switch {
	case ok:
		v, err := e.eval(env)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		return f.convert(v)
	case t.prefix != nil:
		return env[f.Name], nil
	}
	return f.Default, nil
}

func anyMissing(fields []Field, values map[string]any) bool {
	for _, f := range fields {
		if values[f.Name] == nil && !f.Nullable {
			return true
		}
	}
	return false
}

func bind(let []binding, env map[string]any) error {
	for _, b := range let {
		v, err := b.value.eval(env)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		env[b.name] = v
	}
	return nil
}

// check compares a config of the target with what the target can build, and
// adds the names of its let to env.
func (t *Target) check(env map[string]any, facts Facts) []*Refusal {
	if err := bind(t.let, env); err != nil {
		return []*Refusal{{File: source, Because: err.Error()}}
	}
	refusals := apply(t.refuse, env)
	layers, err := t.layerCount.int(env)
	switch {
	case err != nil && len(refusals) == 0: // else it is said already what is wrong
		return []*Refusal{{Because: err.Error()}}
	case layers > int64(facts.Tensors):
		refusals = append(refusals, &Refusal{File: source, Because: fmt.Sprintf(
			"%d layers need more tensors than the weights files contain (%d)", layers, facts.Tensors)})
	}
	return refusals
}
