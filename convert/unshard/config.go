package unshard

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/regular"
)

// readConfig reads config.yaml, which is copied as it is unless it shall name another
// tokenizer.
func (u *Unsharding) readConfig() error {
	if _, err := os.Stat(filepath.Join(u.Checkpoint.Path, olmo.ConfigFile)); errors.Is(err, fs.ErrNotExist) {
		return &fault.Fault{File: olmo.ConfigFile, Problem: "does not exist",
			Hint: "Put the config.yaml of the run that saved the checkpoint into its folder."}
	}
	var err error
	if u.written, err = olmo.ReadConfig(u.Checkpoint.Path); err != nil {
		return err
	}
	if u.written.Model == nil {
		return &fault.Fault{File: olmo.ConfigFile, Tensor: "model", Problem: "is missing",
			Hint: "Put the config.yaml of the run that saved the checkpoint into its folder."}
	}
	text, err := regular.Read(filepath.Join(u.Checkpoint.Path, olmo.ConfigFile), omegaconf.MaxSize)
	if err != nil {
		return &fault.Fault{File: olmo.ConfigFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	u.config = text
	if name := u.options.Tokenizer; name != "" && name != u.written.Tokenizer {
		return u.renameTokenizer(name)
	}
	if name := u.written.Tokenizer; isMissing(name) {
		u.warn("%s names the tokenizer %s, which does not exist here; the trainer will need it: name one with --tokenizer",
			olmo.ConfigFile, name)
	}
	return nil
}

// isMissing reports whether a tokenizer's name is a path, and nothing is there: it may also be
// the name of one that comes with the trainer, relative to a clone of it, or an id of the hub.
func isMissing(name string) bool {
	if !filepath.IsAbs(name) {
		return false
	}
	_, err := os.Stat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// renameTokenizer replaces the tokenizer's name in config.yaml, and nothing else.
func (u *Unsharding) renameTokenizer(name string) error {
	renamed, err := olmo.RenameTokenizer(u.config, name)
	if err != nil {
		return err
	}
	u.warn("%s: the tokenizer was %s, and is %s now", olmo.ConfigFile, u.written.Tokenizer, name)
	u.config = renamed
	return nil
}

// damage says how an existing output would not be read as what is to be written.
func (u *Unsharding) damage() []string {
	var damage []string
	entries, _ := os.ReadDir(u.Output) // a folder that cannot be listed is reported below
	for _, e := range entries {
		if olmo.Shadows(e.Name()) {
			damage = append(damage, "it contains "+e.Name()+", which the trainer would read in place of "+
				strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))+".pt")
		}
	}
	written, err := olmo.ReadConfig(u.Output)
	switch {
	case err != nil:
		damage = append(damage, err.Error())
	case !reflect.DeepEqual(written.Model, u.written.Model):
		damage = append(damage, olmo.ConfigFile+" describes another model")
	}
	return damage
}
