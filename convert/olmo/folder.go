package olmo

import (
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/tokenizers"
)

// FolderPath returns the absolute path of the checkpoint folder that is meant by
// name, with Suffix appended if it is missing.
func FolderPath(name string) (string, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(path, Suffix) {
		path += Suffix
	}
	return path, nil
}

// Ours reports whether conversions write a file of this name.
func Ours(name string) bool {
	return slices.Contains([]string{ModelFile, OptimizerFile, TrainFile, ConfigFile}, name) ||
		slices.Contains(tokenizers.Beside, name)
}

// Shadows reports whether the trainer would read the file called name in place of ModelFile.
func Shadows(name string) bool { return strings.HasSuffix(name, ".safetensors") }
