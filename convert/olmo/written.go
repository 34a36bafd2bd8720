package olmo

import (
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

// Written is what a config.yaml says of the model and of where its files are,
// whoever wrote it: a conversion, a user's editor, or a trainer.
type Written struct {
	Model     map[string]any // nil where there is no such section
	Tokenizer string
	LoadPath  string
}

// What a config.yaml may be at most. A trainer's own have a few thousand bytes, and
// with all paths of a large data set some hundred thousand.
const (
	largestConfig = 2 << 20
	mostWords     = 200_000
)

// ReadConfig reads the config.yaml of a checkpoint folder.
func ReadConfig(folder string) (*Written, error) {
	text, err := regular.Read(filepath.Join(folder, ConfigFile), largestConfig)
	if err != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	var y struct {
		Model     map[string]any `yaml:"model"`
		Tokenizer struct {
			Identifier string `yaml:"identifier"`
		} `yaml:"tokenizer"`
		LoadPath string `yaml:"load_path"`
	}
	if err := keymap.CheckYAML(string(text), largestConfig, mostWords); err != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "is not a config: " + err.Error()}
	}
	if err := yaml.Unmarshal(text, &y); err != nil {
		problem, _, _ := strings.Cut(err.Error(), "\n")
		return nil, &fault.Fault{File: ConfigFile, Problem: "is not valid: " + problem}
	}
	// OmegaConf's escape, which scalar writes.
	plain := func(s string) string { return strings.ReplaceAll(s, `\${`, "${") }
	return &Written{Model: y.Model, Tokenizer: plain(y.Tokenizer.Identifier), LoadPath: plain(y.LoadPath)}, nil
}
