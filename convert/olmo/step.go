package olmo

import (
	"path/filepath"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/torchfile"
)

// OptimizerFile is what a trainer writes beside ModelFile, and a conversion from Hugging Face
// does not.
const OptimizerFile = "optim.pt"

// GlobalStep returns the step at which a trainer wrote the folder, from its train.pt.
// A trainer's own contains random states of many Python types, so only its outline is read.
// known is false if there is no step.
func GlobalStep(folder string) (step int64, known bool) {
	f, info, err := regular.Open(filepath.Join(folder, TrainFile))
	if err != nil {
		return 0, false
	}
	defer f.Close()
	state, err := torchfile.OpenOutline(f, info.Size())
	if err != nil {
		return 0, false
	}
	step, known = pickle.AsMap(state).Get("global_step").(int64)
	return step, known
}
