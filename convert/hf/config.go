package hf

import (
	"path/filepath"
)

const configName = "config.json"

// readConfig reads config.json.
func (o *opening) readConfig() {
	config, bad := o.config.readObject(configName)
	if bad != nil {
		if hint := configElsewhere(o.folder); hint != "" {
			bad.Hint = hint
		}
		o.add(bad)
	}
	o.model.Config = config
}

// configElsewhere says where to find the config.json of weights that have none beside them;
// "" if they have one, or if the folder is a download without it.
func configElsewhere(d *modelFolder) string {
	if d.names[configName] {
		return ""
	}
	for _, dir := range []string{innerFolder, ".."} {
		if exists(filepath.Join(d.dir, dir, configName)) {
			return "There is one in " + filepath.Join(d.dir, dir) + ": put it and tokenizer.json beside the weights."
		}
	}
	if d.run != nil {
		return NeedsLike
	}
	if d.weights != "" || d.preferred() == "" {
		return "Put the model's config.json and tokenizer.json beside the weights, or name the model that was " +
			"trained with --like MODEL."
	}
	return ""
}
