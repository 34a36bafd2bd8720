package middle

import (
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

// describe reads the checkpoint's own config file: whose it is, and what keymap's Export takes of it.
func describe(m *Model) (*keymap.Target, map[string]any, error) {
	if m.Checkpoint.Kind == native.CoreTrainer {
		return describeCore(m)
	}
	m.ConfigFile = olmo.ConfigFile
	written, err := olmo.ReadConfig(m.Checkpoint.Path)
	if err != nil {
		return nil, nil, err
	}
	m.Tokenizer = written.Tokenizer
	if written.Model == nil {
		return nil, nil, &fault.Fault{File: m.ConfigFile, Problem: "describes no model: it has no section model"}
	}
	target, err := keymap.TargetNamed("olmo")
	return target, written.Model, err
}

// describeCore is describe of a checkpoint of OLMo-core's trainer. Not every run saves what its model
// is: open-instruct's have a config.json without it.
func describeCore(m *Model) (*keymap.Target, map[string]any, error) {
	m.ConfigFile = olmocore.ConfigFile
	target, err := keymap.TargetNamed("olmo-core")
	if err != nil {
		return nil, nil, err
	}
	var config map[string]any
	if regular.Is(filepath.Join(m.Checkpoint.Path, m.ConfigFile)) || m.like == nil {
		if config, err = olmocore.ReadConfig(m.Checkpoint.Path); err != nil {
			return nil, nil, err
		}
	}
	m.Tokenizer = olmocore.Identifier(config)
	if _, described := config["model"].(map[string]any); described {
		return target, config, nil
	}
	if m.like == nil {
		return nil, nil, &fault.Fault{File: m.ConfigFile, Problem: "describes no model: it has no section model", Hint: like}
	}
	config, err = m.like.serve(target, config, len(m.Checkpoint.Model))
	return target, config, err
}

// like is the way out for a checkpoint that does not say what its model is.
const like = "Name the model that was trained, which says it: --like MODEL."

// accept refuses what is no checkpoint that has a model of transformers. dir is what native found there,
// known the model that was trained.
func accept(path, dir string, known *Like) error {
	configFile, hint := olmo.ConfigFile, "Copy it from the folder of the run."
	kind := native.Recognize(dir)
	if kind == native.CoreTrainer {
		configFile, hint = olmocore.ConfigFile, like
	}
	switch {
	case dir == "" && regular.Is(filepath.Join(path, "config.json")):
		return &fault.Fault{File: path, Problem: "is not a checkpoint of a trainer; it has a config.json, as a model of " +
			"Hugging Face has"}
	case dir == "":
		return native.NotFound(path)
	case kind == native.Unsharded && regular.Is(filepath.Join(dir, olmo.ModelFile)) &&
		regular.Is(filepath.Join(dir, "model.safetensors")):
		return &fault.Fault{File: dir, Problem: "has both model.pt and model.safetensors: the trainer reads the latter",
			Hint: "Move the one that is not meant out of the folder."}
	case known != nil && kind == native.CoreTrainer: // which serves
	case !regular.Is(filepath.Join(dir, configFile)):
		return &fault.Fault{File: dir, Problem: "has no " + configFile + ", which says what its tensors compute", Hint: hint}
	}
	return nil
}

// stepOf returns the folder of the step whose part with the tensors dir is; dir itself if it is not one.
func stepOf(dir string) string {
	path := filepath.Clean(dir)
	if full, err := filepath.Abs(path); err == nil && strings.Trim(filepath.Base(path), ".") == "" {
		path = full // "." and ".." name nothing
	}
	step := filepath.Dir(path)
	if dir != "" && filepath.Base(path) == olmocore.ModelFolder && native.Recognize(step) == native.CoreTrainer {
		return step
	}
	return dir
}
