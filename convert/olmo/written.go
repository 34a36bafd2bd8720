package olmo

import (
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

// Written is what a config.yaml says of the model and of where its files are, as the
// trainer has it, whoever wrote it: a conversion, a user's editor, or a trainer.
type Written struct {
	Model     map[string]any // each value as its field's type; nil if there is no such section
	Tokenizer string
	Truncate  string // tokenizer.truncate_direction
	LoadPath  string
	Keys      []string // at the top, in order
	Run       Run      // how the model is trained
}

// ReadConfig reads the config.yaml of a checkpoint folder.
func ReadConfig(folder string) (*Written, error) {
	text, err := regular.Read(filepath.Join(folder, ConfigFile), omegaconf.MaxSize)
	if err != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	document, err := omegaconf.Read(text)
	if err != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "cannot be read as YAML: " + err.Error()}
	}
	target, err := keymap.TargetNamed("olmo")
	if err != nil {
		return nil, err
	}
	top, ok := document.Data.(*omegaconf.Mapping)
	if !ok && document.Data != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "is not a mapping of fields", Found: document.String()}
	}
	w := &Written{Model: typed(top.Section("model"), target.Fields)}
	w.Tokenizer = shown(top.Section("tokenizer").Get("identifier"))
	w.Truncate = shown(top.Section("tokenizer").Get("truncate_direction"))
	w.LoadPath = shown(top.Get("load_path"))
	w.Keys, w.Run = top.Keys(), readRun(top)
	return w, nil
}

// typed gives each value the type of its field. One that does not fit, of which the trainer
// stops, stays as it was read.
func typed(section *omegaconf.Mapping, fields []keymap.Field) map[string]any {
	if section == nil {
		return nil
	}
	kinds := map[string]string{}
	for _, f := range fields {
		kinds[f.Name] = f.Kind
	}
	model := map[string]any{}
	for _, key := range section.Keys() {
		v := section.Get(key)
		value, err := v.As(kinds[key])
		if err != nil || v.Data == nil {
			value = plain(v)
		}
		if v.There {
			model[key] = value
		}
	}
	return model
}

// plain is a value without a type: lists and mappings, which no field of a model is, by their size.
func plain(v omegaconf.Value) any {
	switch v.Data.(type) {
	case []omegaconf.Value, *omegaconf.Mapping:
		return v.String()
	}
	return v.Data
}

// shown is a text as the trainer has it, and as it is in the file if it refers to another field.
func shown(v omegaconf.Value) string {
	if text, known := v.Text(); known {
		return text
	}
	text, _ := v.Data.(string)
	return text
}
