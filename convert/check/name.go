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

// folderChecks are about a folder as a whole: its name, and what it is if not a checkpoint.
type folderChecks struct{ *checker }

// looksFor says which file the trainer would miss first.
func (c folderChecks) looksFor() string {
	if strings.HasSuffix(c.dir.path, olmo.Suffix) {
		return "for its name it looks for " + olmo.ModelFile
	}
	return "for its name it looks for " + loaders[Legacy] + ", or for " + loaders[New]
}

// checkName holds the name against the kind: the trainer looks at nothing else.
func (c folderChecks) checkName() {
	base := filepath.Base(c.dir.path)
	switch kind := c.report.Kind; {
	case rightName(base, kind) == base:
	case kind == Unsharded:
		c.add("name/unsharded", about{found: base}, "suffix", olmo.Suffix, "from", c.dir.quoted(),
			"to", folder.ShellQuote(rightName(c.dir.shown(), kind)))
	case kind.sharded():
		c.add("name/sharded", about{found: base}, "suffix", olmo.Suffix, "kind", kind, "from",
			c.dir.quoted(), "to", folder.ShellQuote(rightName(c.dir.shown(), kind)))
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
