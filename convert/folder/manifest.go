package folder

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

// ManifestFile records what the folder was converted from, for later runs. No trainer reads it.
const ManifestFile = "hf2olmo.json"

// ManifestFormat is the version of the manifest. Format 1 had no sums of what was written,
// and left config.yaml out.
const ManifestFormat = 2

// ManifestLayout is the version of the layout of large files. It is raised when the place of a tensor in them
// changes; a manifest without the number has layout 1, in which no tensor is put where it can share blocks.
const (
	ManifestLayout  = 2
	UnalignedLayout = 1
)

// Exported is the Target of a model of Hugging Face that was made of a checkpoint.
const Exported = "transformers"

// A Manifest records what a folder was converted from and what it contained when it was complete, so that a
// conversion is not repeated, and --force replaces nothing else.
type Manifest struct {
	Format  int     `json:"format"`
	Layout  int     `json:"layout"` // of the files with the tensors, see ManifestLayout
	Target  string  `json:"target"` // the trainer
	Output  string  `json:"output"` // absolute; config.yaml names files by it
	Source  string  `json:"source"` // the model's folder, absolute and without links
	Sources []State `json:"source_files"`
	Options Choices `json:"options"`
	Plan    string  `json:"plan"` // hash of the model config and of the sources of each tensor
	Outputs []State `json:"output_files"`
}

// Choices are the options that decide what is written.
type Choices struct {
	DType     string `json:"dtype"` // "auto" if each tensor keeps its own
	Tokenizer string `json:"tokenizer"`
	AllowNaN  bool   `json:"allow_nan"`
	// NoOptimizer is for a checkpoint that had an optimizer.
	NoOptimizer bool `json:"no_optimizer,omitempty"`
	// Like is the model that an export took its tokenizer and some of its config from.
	Like       string `json:"like,omitempty"`
	LikeConfig string `json:"like_config,omitempty"` // hash of its config.json
	// MaxShard is for an exported model: bytes.
	MaxShard int64  `json:"max_shard_size,omitempty"`
	Keymap   string `json:"keymap"` // hash of the user's own table, or ""
}

// State is a file as it was at one time. Fields that do not matter are zero.
type State struct {
	Name    string     `json:"name"`
	Size    int64      `json:"size"`
	ModTime *time.Time `json:"mtime,omitempty"`
	// Hash is a SHA-256: of a small file; of the headers and some blocks of a weights file; of a large file of the
	// output without the bytes of its tensors, but with their checksums.
	Hash  string `json:"hash,omitempty"`
	CRC32 string `json:"crc32,omitempty"` // of a large file of the output, all of it
	// Optional is a file of the source that an output is no worse for lacking.
	Optional bool `json:"-"`
}

// maxManifest bounds what is read, in bytes: a manifest has a few hundred per file.
const maxManifest = 4 << 20

// ReadManifest returns the manifest of a folder, nil if there is none that can be read.
func ReadManifest(folder string) *Manifest {
	text, err := regular.Read(filepath.Join(folder, ManifestFile), maxManifest)
	if err != nil {
		return nil
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil || m.Format <= 0 {
		return nil
	}
	if m.Layout == 0 {
		m.Layout = UnalignedLayout
	}
	return m
}

// TooNew returns a fault if a newer version of hf2olmo wrote the manifest of a folder.
func (m *Manifest) TooNew(folder string) error {
	if m.Format <= ManifestFormat {
		return nil
	}
	problem := fmt.Sprintf("was written by a newer hf2olmo: its %s has format %d, and this version reads up to %d",
		ManifestFile, m.Format, ManifestFormat)
	return &fault.Fault{File: folder, Problem: problem, Hint: "Use that version, or choose another --output."}
}

// Text returns the manifest as JSON.
func (m *Manifest) Text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}
