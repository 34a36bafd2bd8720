package middle

import (
	"path/filepath"
	"slices"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
)

// maxStarts is how many checkpoints are looked into, each of which the one before it started from.
const maxStarts = 8

// Places are where the tokenizer of a checkpoint may be, and what goes along with it: in its folder, then where its
// config names one, then the same of the checkpoint that the run started from. If --tokenizer was chosen when a
// checkpoint was converted, what its config names comes first: the files in it are those of the model. noFollow looks
// nowhere else than in the folder.
func Places(checkpoint string, noFollow bool) []string {
	if noFollow {
		return []string{checkpoint}
	}
	places := []string{}
	at := checkpoint
	for range maxStarts {
		started := named(at)
		of := []string{at, started.tokenizer}
		if m := folder.ReadManifest(at); m != nil && m.Options.Tokenizer != "" {
			slices.Reverse(of)
		}
		for _, place := range of {
			if place != "" && !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
		if at = started.loadPath; at == "" {
			break
		}
	}
	return places
}

// start is what a checkpoint's config names: a tokenizer, and the checkpoint that the run started from.
type start struct{ tokenizer, loadPath string }

// named reads what the config of a checkpoint names, as far as it can be read.
func named(dir string) (s start) {
	if native.Recognize(dir) != native.CoreTrainer {
		if written, err := olmo.ReadConfig(dir); err == nil {
			s = start{written.Tokenizer, written.LoadPath}
		}
	} else if config, err := olmocore.ReadConfig(dir); err == nil {
		s.tokenizer = olmocore.Identifier(config)
		trainer, _ := config["trainer"].(map[string]any)
		for _, v := range []any{config["load_path"], trainer["load_path"]} {
			if path, ok := v.(string); ok && s.loadPath == "" {
				s.loadPath = path
			}
		}
	}
	if filepath.Base(s.loadPath) == olmocore.ModelFolder {
		s.loadPath = filepath.Dir(s.loadPath)
	}
	if found := native.Find(s.loadPath); found != "" { // in the folder of a run, its latest step
		s.loadPath = found
	}
	return s
}
