package olmo

import (
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
)

// FolderPath returns the absolute path of the checkpoint folder that is meant by
// name, with Suffix appended where it is missing.
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

// ours are the files that a conversion writes: a folder that holds nothing else can be made again.
var ours = []string{ModelFile, TrainFile, ConfigFile, TokenizerFile}

// Shadows reports whether the trainer would read the file called name in place of ModelFile.
func Shadows(name string) bool { return strings.HasSuffix(name, ".safetensors") }

// Vacant reports whether path can receive a checkpoint: nothing is there, or, with
// force, only what an earlier conversion wrote.
func Vacant(path string, force bool) error {
	return folder.Vacant(path, force, ours, func(names []string) error {
		for _, name := range names {
			if Shadows(name) {
				return &fault.Fault{File: path, Problem: "exists and holds " + name + ", which the trainer would read in place of " + ModelFile,
					Hint: "Choose another --output: a checkpoint folder must not hold safetensors files."}
			}
		}
		return nil
	})
}
