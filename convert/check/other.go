package check

import (
	"fmt"
	"path/filepath"
	"strings"

	"hf2olmo/convert/folder"
)

// huggingFace is for a model that was not converted.
func (c *checker) huggingFace() {
	c.add(Finding{Code: "huggingface", Problem: "is a Hugging Face model, not a checkpoint of the trainer",
		Trainer: "The trainer knows neither its files nor the names of its tensors: " + c.looksFor() + ".",
		Hint:    "Convert it: hf2olmo convert " + folder.ShellQuote(c.dir)})
}

// runFolder is for the folder above.
func (c *checker) runFolder() {
	steps := c.steps()
	var names []string
	for _, s := range steps {
		names = append(names, s.name)
	}
	const most = 20
	if len(names) > most {
		names = append([]string{fmt.Sprintf("%d more", len(names)-most)}, names[len(names)-most:]...)
	}
	latest := steps[len(steps)-1].name
	c.add(Finding{Code: "run-folder", Problem: "is a folder of checkpoints, not one of them", Found: strings.Join(names, ", "),
		Trainer: "The trainer takes it for a sharded checkpoint: " + c.looksFor() + ".",
		Hint: "The latest is " + latest + ", which ${path.last_checkpoint:" + c.dir + "} as load_path and --try_load_latest_save choose: " +
			"hf2olmo check " + folder.ShellQuote(filepath.Join(c.dir, latest))})
}

// unknown is for a folder that holds nothing that is known.
func (c *checker) unknown() {
	f := Finding{Code: "unknown", Problem: "holds nothing that a trainer saves: neither model.pt nor rank0.pt nor model_and_optim/.metadata",
		Trainer: "The trainer takes it for a sharded checkpoint: " + c.looksFor() + ".",
		Hint:    "Give the folder of a checkpoint. One is made from a Hugging Face model by hf2olmo convert MODEL."}
	if len(c.names) == 0 {
		f.Problem = "is empty"
	}
	c.add(f)
}
