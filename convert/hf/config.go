package hf

import (
	"io"
	"os"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
)

const configName = "config.json"

// readConfig reads config.json.
func (o *opening) readConfig() {
	config, bad := o.readObject(configName)
	if bad != nil {
		if hint := o.configElsewhere(); hint != "" {
			bad.Hint = hint
		}
		o.add(bad)
	}
	o.model.Config = config
}

// configElsewhere says where there is a config.json for weights that have none beside
// them; "" if there is one, or none to be found for a folder that was downloaded.
func (o *opening) configElsewhere() string {
	if o.names[configName] {
		return ""
	}
	for _, dir := range []string{innerFolder, ".."} {
		if exists(filepath.Join(o.dir, dir, configName)) {
			return "There is one in " + filepath.Join(o.dir, dir) + ": put it and tokenizer.json beside the weights."
		}
	}
	if o.weights != "" || o.firstOfPrecedence() == "" {
		return "Put the model's config.json and tokenizer.json beside the weights."
	}
	return ""
}

// readObject reads a small JSON file that holds one object.
func (o *opening) readObject(name string) (map[string]any, *fault.Fault) {
	f, info, bad := o.open(name)
	if bad != nil {
		return nil, bad
	}
	defer f.Close()
	if bad := jsonfile.TooLarge(name, info.Size(), jsonfile.ConfigLimits); bad != nil {
		return nil, bad
	}
	object, err := jsonfile.ReadObject(io.NewSectionReader(f, 0, info.Size()), jsonfile.ConfigLimits)
	if err != nil {
		return nil, jsonfile.Fault(name, f, err)
	}
	return object, nil
}

// list notes what is in the folder.
func (o *opening) list() *fault.Fault {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return &fault.Fault{File: o.dir, Problem: "cannot be listed: " + jsonfile.Bare(err).Error()}
	}
	o.names = make(map[string]bool, len(entries))
	for _, e := range entries {
		o.names[e.Name()] = true
	}
	return nil
}

// elsewhere looks at a folder with neither a config nor weights, and says what it is instead.
func (o *opening) elsewhere() *fault.Fault {
	if o.names[configName] || o.weights != "" || o.index != "" {
		return nil
	}
	if o.firstOfPrecedence() != "" {
		return nil
	}
	if f := o.inFolder(); f != nil && len(o.candidates()) == 0 {
		return f
	}
	if len(o.candidates()) > 0 {
		return nil // the fault is that config.json is not beside them
	}
	f := &fault.Fault{File: o.dir, Problem: "holds neither config.json nor weights",
		Hint: "Give the folder of a downloaded Hugging Face model."}
	var models []string
	for _, name := range sorted(o.names) {
		inner := filepath.Join(o.dir, name)
		if exists(filepath.Join(inner, configName)) || isDir(filepath.Join(inner, "snapshots")) ||
			exists(filepath.Join(inner, innerFolder, configName)) {
			models = append(models, name)
		}
	}
	if len(models) > 0 {
		f.Found = "folders of models: " + listed(models, "")
		f.Hint = "Give one of these folders, or several."
	}
	return f
}
