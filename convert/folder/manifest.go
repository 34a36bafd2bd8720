package folder

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

// ManifestFile tells a later conversion what the folder was made of. No trainer looks at it.
const ManifestFile = "hf2olmo.json"

// ManifestFormat is the version of the manifest. Format 1 had no sums of what was written,
// and left config.yaml out.
const ManifestFormat = 2

// ManifestLayout is how the large files that are written now are laid out. It is raised
// when a tensor's place in them changes; a folder without the number has layout 1.
const ManifestLayout = 1

// A Manifest says what a folder was made of and what it held when it was complete,
// so that a conversion that was done need not be done again.
type Manifest struct {
	Format  int     `json:"format"`
	Layout  int     `json:"layout"` // of the files with the tensors, see ManifestLayout
	Target  string  `json:"target"` // the trainer
	Output  string  `json:"output"` // absolute; config.yaml names files by it
	Source  string  `json:"source"` // the model's folder, absolute and without links
	Sources []State `json:"source_files"`
	Options Choices `json:"options"`
	Plan    string  `json:"plan"` // hash of the model config and of what each tensor is made of
	Outputs []State `json:"output_files"`
}

// Choices are the options that decide what is written.
type Choices struct {
	DType     string `json:"dtype"` // "auto" where each tensor keeps its own
	Tokenizer string `json:"tokenizer"`
	AllowNaN  bool   `json:"allow_nan"`
	Keymap    string `json:"keymap"` // hash of the user's own table, or ""
}

// State is a file as it was seen. What does not count is left out.
type State struct {
	Name    string     `json:"name"`
	Size    int64      `json:"size"`
	ModTime *time.Time `json:"mtime,omitempty"`
	// Hash is a SHA-256: of a small file; of the headers and some blocks of a weights file; of
	// all bytes but the tensors' of a large file of the output, the tensors' checksums among them.
	Hash  string `json:"hash,omitempty"`
	CRC32 string `json:"crc32,omitempty"` // of a large file of the output, tensors and all
}

// largestManifest bounds what is read: a manifest has some hundred bytes a file.
const largestManifest = 4 << 20

// ReadManifest returns the manifest of a folder, nil where there is none that can be read.
func ReadManifest(folder string) *Manifest {
	text, err := regular.Read(filepath.Join(folder, ManifestFile), largestManifest)
	if err != nil {
		return nil
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil || m.Format <= 0 {
		return nil
	}
	if m.Layout == 0 {
		m.Layout = 1
	}
	return m
}

// TooNew returns a fault where a later program than this one wrote the manifest of a folder.
func (m *Manifest) TooNew(folder string) error {
	if m.Format <= ManifestFormat {
		return nil
	}
	problem := fmt.Sprintf("was written by a newer hf2olmo: its %s has format %d, and this one knows %d",
		ManifestFile, m.Format, ManifestFormat)
	return &fault.Fault{File: folder, Problem: problem, Hint: "Use that version, or choose another --output."}
}

// Text returns the manifest as it is written.
func (m *Manifest) Text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}
