package check

import (
	"hf2olmo/convert/olmo"
)

const (
	optimFile = "optim.pt"
	otherFile = "other.pt" // what train.pt was once called
)

// fileChecks are about the files of an unsharded checkpoint.
type fileChecks struct{ *checker }

// checkFiles checks the files of an unsharded checkpoint, as FullCheckpointer reads them.
func (c fileChecks) checkFiles() {
	tensors := c.modelTensors()
	var expected []saved
	if tensors != nil {
		expected = tensorChecks{c.checker}.compare(c.dir.reads(olmo.ModelFile), tensors, wholeFormat)
	}
	stateChecks{c.checker}.checkOptim(expected)
	stateChecks{c.checker}.checkTrain()
}

// modelTensors returns the tensors that the trainer would load, nil if it cannot.
func (c fileChecks) modelTensors() []saved {
	if other := c.dir.reads(olmo.ModelFile); other != olmo.ModelFile {
		return c.shadow(olmo.ModelFile, other)
	}
	if !c.dir.has(olmo.ModelFile) {
		c.add("model-missing", about{file: olmo.ModelFile})
		return nil
	}
	loaded := c.torch.load(olmo.ModelFile, weightsOf)
	if loaded == nil {
		return nil
	}
	return c.torch.savedTensors(olmo.ModelFile, loaded)
}
