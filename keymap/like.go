package keymap

import (
	"cmp"
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
		return nil, []*Refusal{n.unlike(t, like, facts, "", err)}
	}
	stated := table.stated(like)
	n.env["dtype"], n.env["like"] = dtype, stated
	n.inexact = slices.DeleteFunc(n.inexact, func(r *Refusal) bool { return stated[r.rule] != nil })
	differences, err := n.contradictions(t, table, like, facts)
	if err != nil {
		return nil, []*Refusal{refusalOf(err)}
	}
	if len(differences) > 0 {
		return nil, []*Refusal{n.unlike(t, like, facts, ", in which "+strings.Join(differences, ", "), nil)}
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
	a.export.Inexact = a.said(n)
	return a.export, nil
}

// unlike is the refusal of a config.json that differs from the native model, or that no table of the target is for,
// with the reason why. The hints of the way in do not help: nobody trains that model.
func (n *native) unlike(t *Target, like map[string]any, facts Facts, differences string, unknown error) *Refusal {
	n.env["like"] = map[string]any{}
	its, _ := like["model_type"].(string)
	own, _ := n.first(t, facts)
	switch {
	case own == nil && unknown != nil:
		return &Refusal{Because: refusalOf(unknown).Because, Hint: nameTrained}
	case own == nil || own.ModelType() == its:
		return &Refusal{Because: "is not the config.json of this model" + differences}
	}
	untrained := ""
	if unknown != nil {
		untrained = ", which " + trainers[t.Name] + " does not train,"
	}
	return &Refusal{Hint: nameTrained, Because: fmt.Sprintf("is of %s model%s and the checkpoint is %s model%s",
		article(its), cmp.Or(untrained, ","), article(own.ModelType()), differences)}
}

// nameTrained is what to do about a model that was not the one that was trained.
const nameTrained = "Name the model that was trained with --like, or leave --like out."

// article puts the indefinite article before a name.
func article(name string) string {
	if name != "" && strings.ContainsRune("aeio", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
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
		return nil, []*Refusal{{Because: refusalOf(err).Because, Hint: "Name the model that was trained with --like."}}
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
