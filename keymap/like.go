package keymap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ExportLike is Target.Export into the class of the model that was trained, of which like is the config.json,
// in the spelling of any version of transformers: where two classes compute the same, it decides. What it says
// otherwise than the native config is refused, all of it. The config.json of the export is made of the native
// config alone; what is assumed in that and stated in like is not said to be inexact.
func ExportLike(t *Target, config, like map[string]any, dtype string, facts Facts) (*Export, []*Refusal) {
	n, refusals := nativeOf(t, config, facts)
	if n == nil || len(refusals) > 0 {
		return nil, refusals
	}
	table, err := For(t, like)
	if err != nil {
		return nil, []*Refusal{refusalOf(err)}
	}
	stated := table.stated(like)
	n.env["dtype"], n.env["like"] = dtype, stated
	n.inexact = slices.DeleteFunc(n.inexact, func(r *Refusal) bool { return stated[r.rule] != nil })
	differences, err := n.contradictions(t, table, like, facts)
	if err != nil {
		return nil, []*Refusal{refusalOf(err)}
	}
	if len(differences) > 0 {
		return nil, []*Refusal{{Because: "is not the config.json of this model, in which " + strings.Join(differences, ", ")}}
	}
	export, refusals := n.like(t, table, facts)
	if export != nil {
		export.Like = stated
	}
	return export, refusals
}

// like is ExportLike into the class of a table, or, if that has no way back, into the first that computes the same.
func (n *native) like(t *Target, table *Table, facts Facts) (*Export, []*Refusal) {
	if len(table.export) == 0 {
		return n.first(t, facts)
	}
	a, err := t.attempt(table, n, facts)
	switch {
	case err != nil:
		return nil, []*Refusal{{Because: fmt.Sprintf("table %s: export: %v", table.Family, err)}}
	case a.export == nil || len(a.differences) > 0:
		return nil, []*Refusal{{Because: table.Family + " does not compute this model: " + strings.Join(a.differences, ", ")}}
	}
	a.export.Inexact = said(n.inexact)
	return a.export, nil
}

// contradictions returns how a native model differs from what a table makes of a config.json, in words.
func (n *native) contradictions(t *Target, table *Table, like map[string]any, facts Facts) ([]string, error) {
	plan, refusals := table.planWith(t, like, Facts{Tokenizer: t.same.tokenizer(n.env), Tensors: exported(facts)},
		t.same.keeps(n.env))
	if plan == nil || len(refusals) > 0 {
		var errs []error
		for _, r := range refusals {
			errs = append(errs, r)
		}
		return nil, errors.Join(errs...)
	}
	if n.described != nil {
		return n.differences(t, plan, facts)
	}
	again := ByName(plan.Config)
	again["weights"] = n.env["weights"]
	if err := bind(t.let, again); err != nil {
		return nil, err
	}
	return t.same.compare(n.env, again, plan.Family)
}

// DocumentLike returns what the target's config file would be for a model with this config.json. facts are
// those of the native model.
func DocumentLike(t *Target, like map[string]any, facts Facts) (map[string]any, []*Refusal) {
	table, err := For(t, like)
	if err != nil {
		return nil, []*Refusal{refusalOf(err)}
	}
	plan, refusals := table.Plan(t, like, Facts{Tokenizer: map[string]any{}, Tensors: exported(facts)})
	if plan == nil || len(refusals) > 0 {
		return nil, refusals
	}
	document, _ := copied(plan.Document).(map[string]any)
	return document, nil
}

// refusalOf is an error as a refusal, which it nearly always is.
func refusalOf(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return &Refusal{Because: r.Because, Hint: r.Hint}
	}
	return &Refusal{Because: err.Error()}
}
