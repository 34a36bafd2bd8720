package check

import (
	"errors"
	"path"
	"path/filepath"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/torchfile"
)

// coreTrainer is for a checkpoint of OLMo-core's own trainer: whether that one loads it.
// It loads tensors whose chunks leave parts out without a word, so these are looked for.
func (c *checker) coreTrainer() error {
	c.add(Finding{Severity: Note, Code: "olmo-core", Problem: "is a checkpoint of OLMo-core, and was checked as one",
		Trainer: "It is for OLMo-core's trainer; allenai/OLMo cannot read it.",
		Hint: "To train it with allenai/OLMo, export it with OLMo-core's " +
			"src/examples/huggingface/convert_checkpoint_to_hf.py and run hf2olmo convert on the result."})
	root, inner := c.has(metadataFile), c.has(path.Join(modelOptim, metadataFile))
	switch {
	case !root && !inner:
		c.add(Finding{Code: "metadata-missing", File: path.Join(modelOptim, metadataFile),
			Problem: "is missing: it is written last, so the checkpoint was not finished, or not copied with its " +
				"hidden files",
			Trainer: "OLMo-core finds no checkpoint, and trains from scratch after one warning.",
			Hint:    "Copy the checkpoint whole (cp -a, not *), or take an earlier one."})
	case !root && !(c.has(coreState) && c.has(coreMarker)):
		c.add(Finding{Severity: Warning, Code: "load-path", Problem: "is not a checkpoint to OLMo-core's trainer: " +
			"it has neither .metadata nor both " + coreState + " and " + coreMarker,
			Trainer: "With load_path = this folder it trains from scratch after one warning.",
			Hint:    "Set load_path to its " + modelOptim + "."})
	}
	c.checkCoreState()
	var whole *dcp.Checkpoint
	var at string
	for _, index := range []struct {
		folder string
		there  bool
	}{{"", root}, {modelOptim, inner}} {
		if !index.there {
			continue
		}
		checkpoint, err := dcp.Open(filepath.Join(c.path, index.folder))
		c.addChunks(index.folder, err)
		if err == nil {
			whole, at = checkpoint, index.folder
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	if err := c.checkCoreConfig(whole, path.Join(at, metadataFile)); err != nil {
		return err
	}
	switch {
	case !c.Full:
	case whole == nil:
		c.add(Finding{Severity: Note, Code: "not-read", Problem: "the bytes of the tensors were not read, because " +
			"the index cannot be"})
	default:
		return c.checkCoreBytes(at, whole)
	}
	return nil
}

// What OLMo-core's trainer saves beside the tensors.
const (
	coreState  = "train/rank0.pt"
	coreMarker = ".metadata.json"
)

// checkCoreState checks that the trainer's state can be loaded, which OLMo-core does with weights_only=False.
func (c *checker) checkCoreState() {
	if !c.has(coreState) {
		return
	}
	f, info, err := c.open(coreState)
	var loaded *torchfile.Loaded
	if err == nil {
		defer f.Close()
		loaded, err = torchfile.Load(f, info.Size())
	}
	var stops *torchfile.LoadError
	switch {
	case errors.As(err, &stops):
		c.add(Finding{Code: "unreadable", File: coreState, Problem: stops.Problem,
			Trainer: "OLMo-core stops in torch.load: " + stops.Says + ".",
			Hint:    "Copy the file again, or set load_path to " + modelOptim + " to load the tensors alone."})
	case err != nil:
		c.add(Finding{Code: "unsure", File: coreState, Problem: "cannot be read by this program " +
			"(" + err.Error() + "), so it is not known whether OLMo-core reads it"})
	default:
		if foreign := c.notInstalled(loaded.Names); len(foreign) > 0 {
			c.add(Finding{Code: "not-installed", File: coreState,
				Problem: "contains objects of classes that do not come with the trainer: " + joined(foreign),
				Trainer: "OLMo-core stops unless it can import them: ModuleNotFoundError or AttributeError."})
		}
	}
}

// checkCoverage looks for tensors that their chunks do not make up, in an index that
// was found to be one. Of a writer whose classes are not known, nothing is said.
func (c *checker) checkCoverage(folder string) {
	f, info, err := regular.Open(filepath.Join(c.path, folder, metadataFile))
	if err != nil {
		return
	}
	defer f.Close()
	if m, err := dcp.ReadMetadata(f, info.Size()); err == nil {
		c.addChunks(folder, m.Check())
	}
}

// addChunks adds what is wrong with the chunks of an index.
func (c *checker) addChunks(folder string, err error) {
	var faults fault.List
	faults.Add("", err)
	for _, f := range faults {
		finding := Finding{Code: "chunks", File: path.Join(folder, f.File), Tensor: f.Tensor, Problem: f.Problem,
			Expected: f.Expected, Found: f.Found, Hint: f.Hint}
		if f.File == metadataFile && f.Tensor != "" {
			finding.Trainer = "The loader checks none of it: the tensor is loaded with whatever the memory held."
		}
		c.add(finding)
	}
}
