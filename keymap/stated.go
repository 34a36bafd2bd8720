package keymap

import "slices"

// Stated returns what a config.json says, whatever object of it that is in: the fields that a table of the family
// reads, with what the class fills in, over all others. Of a family without a table it is the config as it is.
func Stated(config map[string]any) map[string]any {
	if target, err := TargetNamed(TargetOf(config)); err == nil {
		if table, err := For(target, config); err == nil {
			return table.stated(config)
		}
	}
	return plain(config).(map[string]any)
}

// stated is Stated by one table. Of ids of tokens a list, wherever it is, says more than the one of them that
// the table reads.
func (t *Table) stated(config map[string]any) map[string]any {
	all := plain(config).(map[string]any)
	for _, r := range t.Readings(config) {
		object, _ := r.within(config)
		own, listed := plain(object[r.Name]).([]any)
		whole, _ := all[r.Name].([]any)
		switch {
		case r.Kind == "token" && listed:
			all[r.Name] = own
		case r.Value == nil, r.Kind == "token" && slices.Contains(whole, r.Value):
		default:
			all[r.Name] = r.Value
		}
	}
	return all
}
