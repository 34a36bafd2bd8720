package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

// ManifestFile tells a later conversion what the folder was made of. No trainer looks at it.
const ManifestFile = "hf2olmo.json"

// ManifestFormat is the version of what a conversion writes. It is raised where an
// earlier program's folders should be made again; a new build alone does not do that.
const ManifestFormat = 1

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
	Hash    string     `json:"hash,omitempty"` // of the whole of a small file; of the headers and some blocks of a large one
}

// largestManifest bounds what is read: a manifest has some hundred bytes a file.
const largestManifest = 1 << 20

// ReadManifest returns the manifest of a folder, nil where there is none that can be read.
func ReadManifest(folder string) *Manifest {
	text, err := regular.Read(filepath.Join(folder, ManifestFile), largestManifest)
	if err != nil {
		return nil
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil || m.Format == 0 {
		return nil
	}
	if m.Layout == 0 {
		m.Layout = 1
	}
	return m
}

// Text returns the manifest as it is written.
func (m *Manifest) Text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// Changes says in words how what would be made now differs from what the folder was
// made of, nothing where it does not.
func (m *Manifest) Changes(now *Manifest) []string {
	var changes []string
	add := func(what, was, is string) {
		if was != is {
			changes = append(changes, fmt.Sprintf("%s was %s and is %s", what, orNone(was), orNone(is)))
		}
	}
	if m.Format != now.Format {
		changes = append(changes, "another version of hf2olmo wrote it")
	}
	add("the trainer", m.Target, now.Target)
	add("the source", m.Source, now.Source)
	if m.Source == now.Source {
		changes = append(changes, stateChanges(m.Sources, now.Sources)...)
	}
	add("--dtype", m.Options.DType, now.Options.DType)
	add("--tokenizer", m.Options.Tokenizer, now.Options.Tokenizer)
	if m.Options.AllowNaN && !now.Options.AllowNaN { // what passed without the option passes with it
		changes = append(changes, "it was made with --allow-nan")
	}
	if m.Options.Keymap != now.Options.Keymap {
		changes = append(changes, "another --keymap was used")
	}
	if len(changes) == 0 && m.Plan != now.Plan {
		changes = append(changes, "the table now makes something else of it")
	}
	return changes
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// stateChanges compares the files of one folder as they were and as they are.
func stateChanges(was, is []State) []string {
	var changes []string
	now := map[string]State{}
	for _, s := range is {
		now[s.Name] = s
	}
	for _, s := range was {
		if change := s.change(now[s.Name]); change != "" {
			changes = append(changes, s.Name+" "+change)
		}
		delete(now, s.Name)
	}
	for _, s := range is {
		if _, added := now[s.Name]; added {
			changes = append(changes, s.Name+" was not there")
		}
	}
	return changes
}

// change says how a file differs from now; a zero now is a file that is gone.
func (s State) change(now State) string {
	switch {
	case now.Name == "":
		return "is not there any more"
	case s.Size != now.Size:
		return fmt.Sprintf("had %d bytes and has %d", s.Size, now.Size)
	case s.Hash != now.Hash:
		return "has other contents"
	case s.ModTime != nil && (now.ModTime == nil || !s.ModTime.Equal(*now.ModTime)):
		return "was written since"
	}
	return ""
}

// Damage says in words how the files of a folder differ from those that the
// conversion left there, nothing where all of them are as they were.
func (m *Manifest) Damage(folder string) []string {
	var damage []string
	for _, was := range m.Outputs {
		now := State{Name: was.Name, Hash: was.Hash}
		info, err := os.Stat(filepath.Join(folder, was.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			now.Name = ""
		case err != nil:
			damage = append(damage, was.Name+" cannot be looked at: "+fault.Cause(err))
			continue
		default:
			modified := info.ModTime()
			now.Size, now.ModTime = info.Size(), &modified
		}
		if change := was.change(now); change != "" {
			damage = append(damage, was.Name+" "+change)
		}
	}
	return damage
}
