package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hf2olmo/convert/fault"
)

// Changes says in words how what would be made now differs from what the folder was
// made of, nothing where it does not. Plans are not compared.
func (m *Manifest) Changes(now *Manifest) []string {
	var changes []string
	add := func(what, was, is string) {
		if was != is {
			changes = append(changes, fmt.Sprintf("%s was %s and is %s", what, orNone(was), orNone(is)))
		}
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
// conversion left there, nothing where all of them are as they were. Those called as in
// but are left to the caller, who looks into them.
func (m *Manifest) Damage(folder string, but func(name string) bool) []string {
	var damage []string
	for _, was := range m.Outputs {
		if but(was.Name) || !filepath.IsLocal(was.Name) {
			continue
		}
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
