package olmo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
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
var ours = []string{ModelFile, TrainFile, ConfigFile, TokenizerFile, ManifestFile, lockFile}

// shadows reports whether the trainer would read the file called name in place of ModelFile.
func shadows(name string) bool { return strings.HasSuffix(name, ".safetensors") }

// Vacant reports whether path can receive a checkpoint: nothing is there, or, with
// force, only what an earlier conversion wrote.
func Vacant(path string, force bool) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &fault.Fault{File: path, Problem: "is in the way: " + fault.Cause(err)}
	}
	for _, e := range entries {
		if shadows(e.Name()) {
			return &fault.Fault{File: path, Problem: "exists and holds " + e.Name() + ", which the trainer would read in place of " + ModelFile,
				Hint: "Choose another --output: a checkpoint folder must not hold safetensors files."}
		}
		if force && !slices.Contains(ours, e.Name()) {
			return &fault.Fault{File: path, Problem: "exists and holds " + e.Name() + ", which no conversion wrote",
				Hint: "--force replaces earlier conversions only. Move the folder away, or choose another --output."}
		}
	}
	if !force {
		return &fault.Fault{File: path, Problem: "exists already",
			Hint: "Choose another --output, or replace it with --force."}
	}
	return nil
}
