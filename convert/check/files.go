package check

import (
	"errors"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

const (
	optimFile = "optim.pt"
	otherFile = "other.pt" // what train.pt was once called
)

// checkFiles checks the files of an unsharded checkpoint, as FullCheckpointer reads them.
func (c *checker) checkFiles() {
	tensors := c.modelTensors()
	var expected []saved
	if tensors != nil {
		expected = c.compare(c.reads(olmo.ModelFile), tensors, wholeFormat)
	}
	c.checkOptim(expected)
	c.checkTrain()
}

// reads is the file that the trainer reads when it wants name: one that ends in
// .safetensors comes first.
func (c *checker) reads(name string) string {
	if other := strings.TrimSuffix(name, ".pt") + ".safetensors"; c.has(other) {
		return other
	}
	return name
}

// modelTensors returns the tensors that the trainer would load, nil where it cannot.
func (c *checker) modelTensors() []saved {
	if other := c.reads(olmo.ModelFile); other != olmo.ModelFile {
		return c.shadow(olmo.ModelFile, other)
	}
	if !c.has(olmo.ModelFile) {
		c.add("model-missing", about{file: olmo.ModelFile})
		return nil
	}
	loaded := c.load(olmo.ModelFile, weightsOf)
	if loaded == nil {
		return nil
	}
	return c.savedTensors(olmo.ModelFile, loaded)
}

// openModel reads the header of model.pt.
func (c *checker) openModel() ([]tensor.Tensor, error) {
	f, info, err := c.open(olmo.ModelFile)
	if err != nil {
		return nil, &fault.Fault{Problem: err.Error()}
	}
	defer f.Close()
	return torchfile.Open(f, &tensor.File{Path: f.Name(), Name: olmo.ModelFile, Size: info.Size(), ModTime: info.ModTime(), Info: info})
}

// outline reads a pickle, such as .metadata is.
func (c *checker) outline(name string) (any, error) {
	f, info, err := c.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v, err := torchfile.OpenOutline(f, info.Size())
	var one *fault.Fault
	if errors.As(err, &one) {
		return nil, one
	}
	return v, err
}
