package check

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/olmo"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

// huggingFace reports a model that was not converted.
func (c folderChecks) huggingFace() {
	if hf.IsRun(c.dir.path) {
		c.shardedModel()
		return
	}
	text, err := regular.Read(filepath.Join(c.dir.path, olmocore.ConfigFile), olmocore.MaxConfig)
	var config map[string]any
	if err == nil {
		config, _ = jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits) // nil if it is not JSON
	}
	c.add("huggingface/model", about{}, "expects", c.expects(), "target", targetFlag(config), "folder",
		folder.ShellQuote(c.dir.given))
}

// targetFlag is the option of convert for a Hugging Face model that another trainer than
// the first takes, with a space after it.
func targetFlag(config map[string]any) string {
	if target := keymap.TargetOf(config); target != "" && target != keymap.Targets()[0] {
		return "--target " + target + " "
	}
	return ""
}

// shardedModel reports what the ranks of a Hugging Face trainer saved, and what is wrong with it.
func (c folderChecks) shardedModel() {
	listing, err := hf.List(c.dir.path)
	var faults fault.List
	faults.Add("", err)
	for _, f := range faults {
		c.add("shards/model", about{f.File, f.Tensor, f.Expected, f.Found}, "problem", f.Problem, "hint", f.Hint)
	}
	id, target := "huggingface/run", ""
	if err == nil {
		target = targetFlag(listing.Config)
		for _, warning := range listing.Warnings {
			c.add("shards/model", about{}, "problem", warning, "hint", "")
		}
		if listing.Config == nil {
			id = "huggingface/run-without-config"
		}
	}
	c.add(id, about{}, "expects", c.expects(), "target", target, "folder", folder.ShellQuote(c.dir.given))
}

// runFolder reports a folder of checkpoints.
func (c folderChecks) runFolder() {
	steps := c.dir.steps()
	var names []string
	for _, s := range steps {
		names = append(names, s.name)
	}
	const most = 20
	if len(names) > most {
		names = append([]string{fmt.Sprintf("%d more", len(names)-most)}, names[len(names)-most:]...)
	}
	latest := steps[len(steps)-1].name
	latestPath := folder.ShellQuote(filepath.Join(c.dir.given, latest))
	inner := &dir{path: filepath.Join(c.dir.path, latest)}
	if _, err := inner.list(); err == nil && !inner.names[olmo.ConfigFile] && inner.ofCore() {
		c.add("run-folder/olmo-core", about{found: strings.Join(names, ", ")}, "latest-path", latestPath)
		return
	}
	c.add("run-folder/olmo", about{found: strings.Join(names, ", ")}, "expects", c.expects(), "latest", latest,
		"folder", c.dir.given, "latest-path", latestPath)
}

// unknown reports a folder that contains nothing known.
func (c folderChecks) unknown() {
	id := "unknown/other"
	if len(c.dir.names) == 0 {
		id = "unknown/empty"
	}
	c.add(id, about{}, "expects", c.expects())
}
