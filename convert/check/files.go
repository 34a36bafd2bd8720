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
		expected = c.compare(c.reads(olmo.ModelFile), tensors, fullOutcomes)
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
		c.add(Finding{Code: "model-missing", File: olmo.ModelFile, Problem: "is missing",
			Trainer: "The trainer stops: FileNotFoundError: model.pt not found.",
			Hint:    "Was the checkpoint copied whole? From a Hugging Face model it is made by hf2olmo convert MODEL."})
		return nil
	}
	tensors, err := c.openModel()
	if err != nil {
		c.unreadable(olmo.ModelFile, err)
		return nil
	}
	list := make([]saved, len(tensors))
	for i, t := range tensors {
		list[i] = saved{t.Name, t.Shape, t.DType}
	}
	return list
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

// unreadable tells why a file of torch.save cannot be read, a finding a fault.
func (c *checker) unreadable(name string, err error) {
	var faults fault.List
	faults.Add(name, err)
	for _, f := range faults {
		finding := Finding{Code: "unreadable", File: name, Tensor: f.Tensor, Problem: f.Problem, Expected: f.Expected, Found: f.Found, Hint: f.Hint,
			Trainer: "The trainer stops in torch.load, as a rule with: PytorchStreamReader failed reading zip archive."}
		if strings.Contains(f.Problem, "Python objects other than tensors") || strings.Contains(f.Problem, "dict") || f.Tensor != "" {
			finding.Code = "not-tensors"
			finding.Trainer = "OLMo.from_checkpoint stops with torch 2.6 or later: UnpicklingError: Weights only load failed; the trainer's main branch runs whatever code the file names, and stops where it finds no tensors."
		}
		if strings.Contains(f.Hint, "pytorch_model.bin") {
			finding.Hint = "Save the weights alone, under the trainer's names: torch.save(model.state_dict(), \"" + name + "\")."
		}
		if strings.Contains(f.Problem, "is empty") {
			finding.Trainer = "The trainer stops: EOFError."
		}
		c.add(finding)
	}
}

// outline reads the pickle of a file, without its tensors.
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
