package middle

import (
	"maps"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmocore"
	"hf2olmo/keymap"
)

// Like is the config.json of the model that was trained, in the spelling of any version of transformers.
type Like struct {
	Name   string // as the user gave it
	Config map[string]any
	// ClassOnly takes over the class and the factors that it computes with, and nothing that a checkpoint does not say.
	ClassOnly bool
}

// File is what messages call it.
func (l *Like) File() string { return "config.json of --like " + l.Name }

// LikeOf returns what a model of the middle is like: a folder that hf2olmo wrote for a trainer serves as the
// model that it was made from.
func LikeOf(name string, m *Model) *Like {
	config, _ := whole(m.Config).(map[string]any)
	return &Like{Name: name, Config: config}
}

// whole is a value as a config.json that was read has it.
func whole(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = whole(v[i])
		}
		return list
	case map[string]any:
		object := maps.Clone(v)
		for name := range object {
			object[name] = whole(object[name])
		}
		return object
	case keymap.Object:
		object := map[string]any{}
		for _, s := range v {
			object[s.Name] = whole(s.Value)
		}
		return object
	}
	return v
}

// serve describes the model of a checkpoint whose config does not.
func (l *Like) serve(target *keymap.Target, config map[string]any, tensors int) (map[string]any, error) {
	document, refusals := keymap.DocumentLike(target, l.Config, keymap.Facts{Tensors: tensors})
	if document == nil {
		var faults fault.List
		for _, r := range refusals {
			faults = append(faults, &fault.Fault{File: l.File(), Problem: r.Because, Hint: r.Hint})
		}
		return nil, faults
	}
	for name, value := range config {
		if document[name] == nil || olmocore.Identifier(config) != "" && name == "dataset" {
			document[name] = value
		}
	}
	return document, nil
}

// complete takes over what a checkpoint does not say: how many positions there are, the token at which
// texts begin, and further ones at which they end. What it says otherwise stays, with a warning.
func (l *Like) complete(m *Model) {
	config := m.plan.Like
	if positions, ok := config["max_position_embeddings"].(int); ok && positions > 0 {
		setField(&m.Config, "max_position_embeddings", positions)
	}
	if bos, ok := config["bos_token_id"].(int); ok {
		if own, said := m.Setting("bos_token_id").(int); said && own != bos {
			m.warn("bos_token_id is %d; that of --like %s is %d, and is not taken", own, l.Name, bos)
		} else {
			setField(&m.Config, "bos_token_id", bos)
		}
	}
	own, said := m.Setting("eos_token_id").(int)
	switch eos := config["eos_token_id"].(type) {
	case []any:
		if !said || slices.Contains(eos, any(own)) {
			setField(&m.Config, "eos_token_id", eos)
			return
		}
		m.warn("eos_token_id is %d, which is none of those of --like %s, %v: they are not taken", own, l.Name, eos)
	case int:
		if said && own != eos {
			m.warn("eos_token_id is %d; that of --like %s is %d, and is not taken", own, l.Name, eos)
		} else if !said {
			setField(&m.Config, "eos_token_id", eos)
		}
	}
}

// setField changes a field of config.json.
func setField(config *keymap.Object, name string, value any) {
	for i := range *config {
		if (*config)[i].Name == name {
			(*config)[i].Value = value
			return
		}
	}
	*config = append(*config, keymap.Setting{Name: name, Value: value})
}
