package keymap

// Computed returns what decides what a native model computes: two with the same compute the same.
// config is the target's own, in which fields that are left out take the target's defaults, or, if
// its config file is nested, what that contains. It is nil if the config does not say enough.
func Computed(t *Target, config map[string]any, facts Facts) map[string]any {
	if t.readBack != nil {
		return t.readBack.computed(config, facts)
	}
	env, _ := t.complete(config)
	if env == nil {
		return nil
	}
	env["weights"] = map[string]any{"tensors": facts.Tensors}
	if faults := t.check(env, facts); len(faults) > 0 {
		return nil
	}
	decides := map[string]any{}
	for _, b := range t.same.values {
		v, err := b.value.eval(env)
		if err != nil {
			return nil
		}
		decides[b.name] = v
	}
	return decides
}

func (r *readBack) computed(document map[string]any, facts Facts) map[string]any {
	section, ok := document[modelSection].(map[string]any)
	if !ok {
		return nil
	}
	d, err := r.describe(section, facts.Tensors)
	if err != nil {
		return nil
	}
	var layers []any
	for _, block := range d.blocks {
		layers = append(layers, r.normal.material(block))
	}
	return map[string]any{modelSection: r.normal.material(d.model), "layers": layers}
}

// material returns an object without the members that change nothing, wherever they are.
func (n *normal) material(object map[string]any) map[string]any {
	rest := map[string]any{}
	for name, value := range object {
		if n.immaterial[name] {
			continue
		}
		if inner, ok := value.(map[string]any); ok {
			value = n.material(inner)
		}
		rest[name] = value
	}
	return rest
}

// Computed is the function Computed of the native model that the plan makes.
func (p *Plan) Computed(target *Target, facts Facts) map[string]any {
	if target.readBack != nil {
		document, _ := copied(p.Document).(map[string]any)
		return Computed(target, document, facts)
	}
	return Computed(target, ByName(p.Config), facts)
}
