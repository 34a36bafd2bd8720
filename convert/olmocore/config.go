package olmocore

import (
	"bytes"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/regular"
)

// ReadConfig reads the config.json of a checkpoint, whoever wrote it. Its errors are faults of that file.
func ReadConfig(dir string) (map[string]any, error) {
	text, err := regular.Read(filepath.Join(dir, ConfigFile), MaxConfig)
	if err != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	config, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	if err != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "is not an object of JSON: " + err.Error()}
	}
	return config, nil
}

// Identifier returns what a config.json names as its tokenizer (IdentifierField): a folder or an id of the
// hub; "" if it names none.
func Identifier(config map[string]any) string {
	dataset, _ := config["dataset"].(map[string]any)
	tokenizer, _ := dataset["tokenizer"].(map[string]any)
	name, _ := tokenizer["identifier"].(string)
	return name
}
