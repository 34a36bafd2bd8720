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

// expects says which file the trainer would miss first.
func (c folderChecks) expects() string {
	if strings.HasSuffix(c.dir.path, olmo.Suffix) {
		return "because of its name, it expects " + olmo.ModelFile
	}
	return "because of its name, it expects " + loaders[Legacy] + " or " + loaders[New]
}

// checkName compares the name with the kind: the trainer chooses its loader by the name alone.
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
