package check

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
)

// coreTrainer is for a checkpoint of OLMo-core's own trainer: whether that one loads it.
// It loads tensors whose chunks leave parts out without a word, so these are looked for.
func (c *checker) coreTrainer() {
	c.add(Finding{Gravity: Note, Code: "olmo-core", Problem: "is a checkpoint of OLMo-core, and was checked as one",
		Trainer: "The OLMo trainer cannot read it: it has no config.yaml, and its tensors are called otherwise.",
		Hint:    "To train it there, export it with OLMo-core's src/examples/huggingface/convert_checkpoint_to_hf.py and run hf2olmo convert on the result."})
	root, inner := c.has(metadataFile), c.has(path.Join(modelOptim, metadataFile))
	switch {
	case !root && !inner:
		c.add(Finding{Code: "metadata-missing", File: path.Join(modelOptim, metadataFile), Problem: "is missing: it is written last, so the checkpoint was not finished, or not copied with its hidden files",
			Trainer: "OLMo-core finds no checkpoint, and trains from scratch after one warning.", Hint: "Copy the checkpoint whole (cp -a, not *), or take an earlier one."})
	case !root && !c.has("train/rank0.pt"):
		c.add(Finding{Gravity: Warning, Code: "load-path", Problem: "is no checkpoint to OLMo-core's trainer: it has neither .metadata nor train/rank0.pt",
			Trainer: "With load_path = this folder it trains from scratch after one warning.", Hint: "Set load_path to its " + modelOptim + "."})
	}
	if root {
		c.checkChunks("")
	}
	if inner {
		c.checkChunks(modelOptim)
	}
	c.checkCoreConfig()
}

// checkChunks reads an index and the header of every item that it names.
func (c *checker) checkChunks(folder string) {
	_, err := dcp.Open(filepath.Join(c.path, folder))
	c.addChunks(folder, err)
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
		finding := Finding{Code: "chunks", File: path.Join(folder, f.File), Tensor: f.Tensor, Problem: f.Problem, Expected: f.Expected, Found: f.Found, Hint: f.Hint}
		if f.File == metadataFile && f.Tensor != "" {
			finding.Trainer = "The loader checks none of it: the tensor is loaded with whatever the memory held."
		}
		c.add(finding)
	}
}

// checkCoreConfig looks for what a script builds the model from.
func (c *checker) checkCoreConfig() {
	text, err := regular.Read(filepath.Join(c.path, olmocore.ConfigFile), olmocore.LargestConfig)
	if err != nil {
		c.add(Finding{Gravity: Note, Code: "core-config", File: olmocore.ConfigFile, Problem: "cannot be read: " + fault.Cause(err),
			Hint: "The model's config must then be in your script."})
		return
	}
	c.checkCoreTokenizer(text)
	var config struct {
		Model map[string]any `json:"model"`
	}
	if err := json.Unmarshal(text, &config); err != nil || config.Model == nil {
		c.add(Finding{Gravity: Warning, Code: "core-config", File: olmocore.ConfigFile, Problem: fmt.Sprint("has no model section that can be read: ", err),
			Hint: "The model's config must then be in your script."})
	}
}
