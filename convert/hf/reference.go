package hf

import (
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tokenizers"
)

// A Reference is what is beside the weights of a model, which may have none: of the download that a
// checkpoint was trained from, or of a folder with a tokenizer.
type Reference struct {
	Source    string                // as it was given
	Dir       string                // where it is
	Config    map[string]any        // as in Model; nil if there is no config.json of Hugging Face
	Tokenizer *tokenizers.Tokenizer // nil if there is no tokenizer.json
	Beside    []tokenizers.File     // as in Model
	Warnings  []string

	ConfigFault *fault.Fault // what is wrong with config.json, if it cannot be read
	configPath  string
}

// OpenReference reads the small files of a model: a folder, a repository or snapshot of the hub's cache, or
// the id of a model in that cache. The error is a fault.List with all that is wrong.
func OpenReference(path string, options ...Option) (*Reference, error) {
	o, bad := newOpening(path, options)
	if bad != nil {
		return nil, fault.List{bad}
	}
	var config map[string]any
	var unread *fault.Fault
	if o.config.names[configName] {
		config, unread = o.config.readObject(configName)
	}
	o.readSides()
	o.readTokenizer()
	if err := o.faults.Err(); err != nil {
		return nil, err
	}
	r := &Reference{Source: path, Dir: o.model.Dir, Tokenizer: o.model.Tokenizer, Beside: o.model.Beside,
		Warnings: o.model.Warnings, ConfigFault: unread}
	if _, ok := config["model_type"].(string); ok { // else it is a trainer's
		r.Config, r.configPath = config, o.model.ConfigPath()
	}
	return r, nil
}

// ConfigPath returns where config.json is, "" if there is none of Hugging Face.
func (r *Reference) ConfigPath() string { return r.configPath }

// OpenTokenizerOf is OpenReference of what --tokenizer or a config names: a file that is called
// tokenizer.json means its folder, any other file is the tokenizer alone. It is nil if nothing is there.
func OpenTokenizerOf(path string, options ...Option) (*Reference, error) {
	file := FindTokenizer(path)
	switch {
	case file == "":
		return nil, nil
	case file != path || filepath.Base(file) == tokenizers.FileName:
		return OpenReference(filepath.Dir(file), options...)
	}
	t, err := OpenTokenizer(file)
	if err != nil {
		return nil, err
	}
	return &Reference{Source: path, Dir: filepath.Dir(file), Tokenizer: t, Warnings: t.Warnings,
		Beside: []tokenizers.File{{Name: tokenizers.FileName, Path: file, Size: t.Size}}}, nil
}
