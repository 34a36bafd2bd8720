package convert

import (
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/tokenizers"
)

// FindTokenizer returns what the config of a target names for the value of --tokenizer:
// the absolute path of a file or folder that is there, a name bundled with the trainer, or an
// id of the hub. Whatever looks like a path must be one: the trainer would take a mistyped
// path for an id, and stop when it starts. "" is none. The error is a *fault.Fault.
func FindTokenizer(target, named string) (string, error) {
	trainer, err := targets.Named(target)
	if err != nil || named == "" {
		return "", err
	}
	info, err := os.Stat(named)
	problem, hint := "", "Give a tokenizer.json, the folder that contains it, or an id of the hub (ORG/NAME)."
	switch {
	case err == nil && info.IsDir():
		file := filepath.Join(named, tokenizers.FileName)
		if regular.Is(file) {
			return trainer.TokenizerPath(file)
		}
		problem = "is a folder without tokenizer.json"
	case err == nil && info.Mode().IsRegular():
		return trainer.TokenizerPath(named)
	case err == nil:
		problem = "is neither a file nor a folder"
	case !disk.Absent(err):
		problem = fault.Cause(err)
	case trainer.Bundles(named), hf.IsID(named) && !looksLikeFile(named):
		return named, nil
	default:
		problem = "does not exist, and cannot be an id of the hub"
	}
	return "", &fault.Fault{File: "--tokenizer " + named, Problem: problem, Hint: hint}
}

// looksLikeFile reports whether an id of the hub has the name of a file, or is a dangling link.
func looksLikeFile(id string) bool {
	_, err := os.Lstat(id)
	return err == nil || strings.HasSuffix(id, ".json")
}
