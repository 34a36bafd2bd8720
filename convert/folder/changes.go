package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hf2olmo/convert/fault"
)

// Changes returns how what would be written now differs from what the folder was converted from, in words that
// follow "already exists, "; none if it does not. Plans are not compared.
func (m *Manifest) Changes(now *Manifest) []string {
	var changes []string
	add := func(what, was, is string) {
		if was != is {
			changes = append(changes, fmt.Sprintf("converted %s %s (now: %s)", what, orNone(was), orNone(is)))
		}
	}
	add("for the trainer", m.Target, now.Target)
	add("from", m.Source, now.Source)
	if m.Source == now.Source && m.Options.NoOptimizer == now.Options.NoOptimizer { // else other files, or parts, count
		changes = append(changes, stateChanges(m.Sources, now.Sources)...)
	}
	add("with --dtype", m.Options.DType, now.Options.DType)
	add("with --tokenizer", m.Options.Tokenizer, now.Options.Tokenizer)
	add("with --like", m.Options.Like, now.Options.Like)
	if m.Options.Like == now.Options.Like && m.Options.LikeConfig != now.Options.LikeConfig {
		changes = append(changes, "converted with another config.json of --like")
	}
	if m.Options.AllowNaN && !now.Options.AllowNaN { // what passed without the option passes with it
		changes = append(changes, "converted with --allow-nan")
	}
	if m.Target == now.Target { // only an exported model has it
		add("with --max-shard-size", fmt.Sprint(m.Options.MaxShard), fmt.Sprint(now.Options.MaxShard))
	}
	switch {
	case m.Options.NoOptimizer && !now.Options.NoOptimizer:
		changes = append(changes, "converted with --no-optimizer (now: without)")
	case now.Options.NoOptimizer && !m.Options.NoOptimizer:
		changes = append(changes, "converted without --no-optimizer (now: with it)")
	}
	if m.Options.Keymap != now.Options.Keymap {
		changes = append(changes, "converted with another --keymap")
	}
	return changes
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// maxChanges is how many files are named that have changed; a run of many ranks has thousands.
const maxChanges = 5

// stateChanges compares the files of a folder as they were and as they are.
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
		if _, added := now[s.Name]; added && !s.Optional {
			changes = append(changes, s.Name+" was added")
		}
	}
	if more := len(changes) - maxChanges; more > 1 {
		changes = append(changes[:maxChanges], fmt.Sprintf("%d more files differ", more))
	}
	return changes
}

// change says how a file has changed; a zero now is a file that is gone.
func (s State) change(now State) string {
	switch {
	case now.Name == "":
		return "no longer exists"
	case s.Size != now.Size:
		return fmt.Sprintf("had %d bytes (now: %d)", s.Size, now.Size)
	case s.Hash != now.Hash:
		return "has different contents"
	case s.ModTime != nil && (now.ModTime == nil || !s.ModTime.Equal(*now.ModTime)):
		return "was modified since"
	}
	return ""
}

// Damage returns how the files of a folder differ from those that the conversion left there, in words; none if
// all are as they were. It passes over files that skip, for the caller to look into.
func (m *Manifest) Damage(folder string, skip func(name string) bool) []string {
	var damage []string
	for _, was := range m.Outputs {
		if skip(was.Name) || !filepath.IsLocal(was.Name) {
			continue
		}
		now := State{Name: was.Name, Hash: was.Hash}
		info, err := os.Stat(filepath.Join(folder, was.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			now.Name = ""
		case err != nil:
			damage = append(damage, was.Name+" cannot be examined: "+fault.Cause(err))
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
