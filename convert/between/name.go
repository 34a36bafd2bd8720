package between

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"hf2olmo/convert/olmo"
	"hf2olmo/keymap"
)

// stepName is what the trainers call the folder of a step in the folder of a run.
var stepName = regexp.MustCompile(`^step\d+$`)

// Name is where a checkpoint of a step is put by default: <run>-<target>/step<N>, where run is the
// folder of a step's folder, or else what the checkpoint itself is called. A name that was made so
// before for the other trainer is taken off again.
func Name(checkpoint, target string, step int64) string {
	path, err := filepath.Abs(checkpoint)
	if err != nil {
		path = filepath.Clean(checkpoint)
	}
	run := strings.TrimSuffix(filepath.Base(path), olmo.Suffix)
	if stepName.MatchString(run) {
		run = filepath.Base(filepath.Dir(path))
	}
	for _, other := range keymap.Targets() {
		if plain, found := strings.CutSuffix(run, "-"+other); found && plain != "" {
			run = plain
			break
		}
	}
	return filepath.Join(strings.Trim(run, `./\`)+"-"+target, fmt.Sprintf("step%d", step))
}
