package keymap

// Computed returns what decides what a native model with this config computes: two with the same
// compute the same. Fields that the config leaves out take the target's defaults. It is nil if a
// field has the wrong type, or if the target names nothing that decides.
func (t *Target) Computed(config map[string]any, facts Facts) map[string]any {
	env, _ := t.complete(config)
	if env == nil || len(t.same.values) == 0 {
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
