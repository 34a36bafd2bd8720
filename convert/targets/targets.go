// Package targets knows the trainers that checkpoints are made for, by the names that package
// keymap gives them.
package targets

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/trainer"
)

var trainers = map[string]trainer.Trainer{"olmo": olmo.Side{}, "olmo-core": olmocore.Side{}}

// Named returns the trainer that is called so.
func Named(name string) (trainer.Trainer, error) {
	if t := trainers[name]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("no target is called %q", name)
}

// Files are the files of checkpoints for all trainers: --force replaces one by another.
var Files = folder.Names{
	Targets:  slices.Sorted(maps.Keys(trainers)),
	Ours:     func(name string) bool { return olmo.Ours(name) || olmocore.Ours(name) },
	Folders:  []string{olmocore.ModelFolder, path.Dir(olmocore.StateFile)},
	Configs:  []string{olmo.ConfigFile, olmocore.ConfigFile, olmocore.TrainFile},
	Unlisted: map[string]string{"olmo": olmo.ConfigFile},
}
