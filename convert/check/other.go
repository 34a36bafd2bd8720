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
	c.add("huggingface", about{}, "looks", c.looksFor(), "target", c.targetFlag(), "folder", folder.ShellQuote(c.dir))
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
	latestPath := folder.ShellQuote(filepath.Join(c.dir, latest))
	inner := &checker{path: filepath.Join(c.path, latest), names: namesIn(filepath.Join(c.path, latest))}
	if !inner.names[olmo.ConfigFile] && inner.ofCore() {
		c.add("run-folder/olmo-core", about{found: strings.Join(names, ", ")}, "latest-path", latestPath)
		return
	}
	c.add("run-folder/olmo", about{found: strings.Join(names, ", ")}, "looks", c.looksFor(), "latest", latest, "folder", c.dir, "latest-path", latestPath)
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
	id := "unknown/other"
	if len(c.names) == 0 {
		id = "unknown/empty"
	}
	c.add(id, about{}, "looks", c.looksFor())
}
