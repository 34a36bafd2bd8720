package check

import (
	"path/filepath"
	"strings"

	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
)

// loaders are the files that the trainer's sharded loaders open first.
var loaders = map[Kind]string{
	Legacy: "rank0.pt", New: modelOptim + "/" + metadataFile, Local: "metadata.yaml", Core: metadataFile,
}

// configured is the loader that the trainer takes for a sharded checkpoint with this
// config.yaml and no flag.
func (c *checker) configured() Kind {
	if c.config != nil {
		for _, field := range []string{"load_path_sharded_checkpointer", "sharded_checkpointer"} {
			if name, ok := c.config.top.Get(field).Data.(string); ok {
				return Kind(name)
			}
		}
	}
	return Legacy
}

// looksFor says which file the trainer would miss first.
func (c *checker) looksFor() string {
	if strings.HasSuffix(c.path, olmo.Suffix) {
		return "for its name it looks for " + olmo.ModelFile
	}
	return "for its name it looks for " + loaders[Legacy] + ", or for " + loaders[New]
}

// checkName holds the name against the kind: the trainer looks at nothing else.
func (c *checker) checkName() {
	base := filepath.Base(c.path)
	switch kind := c.report.Kind; {
	case rightName(base, kind) == base:
	case kind == Unsharded:
		c.add("name/unsharded", about{found: base}, "suffix", olmo.Suffix, "from", folder.ShellQuote(c.shown()), "to", folder.ShellQuote(rightName(c.shown(), kind)))
	case kind.sharded():
		c.add("name/sharded", about{found: base}, "suffix", olmo.Suffix, "kind", kind, "from", folder.ShellQuote(c.shown()), "to", folder.ShellQuote(rightName(c.shown(), kind)))
	}
}

// rightName is the name that the trainer takes for that of a checkpoint of the kind:
// the same, or the one that checkName says to give it.
func rightName(name string, kind Kind) string {
	switch named := strings.HasSuffix(name, olmo.Suffix); {
	case kind == Unsharded && !named:
		return name + olmo.Suffix
	case kind.sharded() && named:
		return strings.TrimSuffix(name, olmo.Suffix)
	}
	return name
}

// renamed is the folder's path once it has its right name, for what is to be done after that.
func (c *checker) renamed() string { return rightName(c.path, c.report.Kind) }

// shown is the folder's path for a command: as it was given, unless that has no name of its own.
func (c *checker) shown() string {
	given := strings.TrimRight(c.dir, "/")
	if filepath.Base(given) != filepath.Base(c.path) {
		return c.path
	}
	return given
}
