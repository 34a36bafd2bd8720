package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/olmo"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

// huggingFace is for a model that was not converted.
func (c *checker) huggingFace() {
	c.add(Finding{Code: "huggingface", Problem: "is a Hugging Face model, not a checkpoint of the trainer",
		Trainer: "The trainer knows neither its files nor the names of its tensors: " + c.looksFor() + ".",
		Hint:    "Convert it: hf2olmo convert " + c.targetFlag() + folder.ShellQuote(c.dir)})
}

// targetFlag is the option of convert for a Hugging Face model that another trainer than
// the first takes, with a space after it.
func (c *checker) targetFlag() string {
	text, err := regular.Read(filepath.Join(c.path, olmocore.ConfigFile), olmocore.LargestConfig)
	if err != nil {
		return ""
	}
	config, err := hf.ReadObject(text)
	if err != nil {
		return ""
	}
	if target := keymap.TargetOf(config); target != "" && target != keymap.Targets()[0] {
		return "--target " + target + " "
	}
	return ""
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
	inner := &checker{path: filepath.Join(c.path, latest), names: namesIn(filepath.Join(c.path, latest))}
	if !inner.names[olmo.ConfigFile] && inner.ofCore() {
		c.add(Finding{Severity: Warning, Code: "run-folder", Problem: "is a folder of OLMo-core checkpoints, which were not checked", Found: strings.Join(names, ", "),
			Trainer: "With load_path = this folder, OLMo-core loads the latest that is complete.",
			Hint:    "Check the one that it loads: hf2olmo check " + folder.ShellQuote(filepath.Join(c.dir, latest))})
		return
	}
	c.add(Finding{Code: "run-folder", Problem: "is a folder of checkpoints, not one of them", Found: strings.Join(names, ", "),
		Trainer: "The trainer takes it for a sharded checkpoint: " + c.looksFor() + ".",
		Hint: "The latest is " + latest + ", which ${path.last_checkpoint:" + c.dir + "} as load_path and --try_load_latest_save choose: " +
			"hf2olmo check " + folder.ShellQuote(filepath.Join(c.dir, latest))})
}

// namesIn returns the names of what is in a folder.
func namesIn(path string) map[string]bool {
	names := map[string]bool{}
	entries, _ := os.ReadDir(path)
	for _, e := range entries {
		names[e.Name()] = true
	}
	return names
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
