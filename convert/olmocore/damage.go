package olmocore

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/trainer"
)

// Damage compares the contents of the small files. A folder that was moved still names its earlier
// path, and one that an earlier version made names the tokenizer in the model's folder: both are
// warnings.
func (Side) Damage(in *trainer.Inputs, files *trainer.Files, existing *folder.Manifest) (damage, warnings []string) {
	warnings = trainer.WarnOfEarlier(in, existing)
	for _, f := range files.Small {
		path := filepath.Join(in.Folder, filepath.FromSlash(f.Name))
		switch f.Name {
		case ConfigFile:
			found, err := regular.Read(path, output.MaxSmall)
			switch {
			case err != nil:
				damage = append(damage, f.Name+" cannot be read: "+fault.Cause(err))
			case bytes.Equal(found, f.Data) || sameConfig(found, f.Data):
			case !otherPath(f.Data, found, existing):
				damage = append(damage, f.Name+" has different contents")
			case trainer.Lists(existing, tokenizers.FileName):
				warnings = append(warnings, moved(in.Folder, existing))
			}
		case TrainFile: // users edit it, and earlier versions wrote none
			if !regular.Is(path) && !trainer.Lists(existing, TrainFile) {
				warnings = append(warnings, fault.Printable(in.Folder+" was converted by a version that wrote no "+TrainFile+
					"; --force converts again, with it"))
			}
		default: // the manifest shows that one is missing
			same, err := f.SameAs(path)
			beside := slices.Contains(tokenizers.Beside, f.Name)
			if err == nil && !same && (!beside || trainer.Lists(existing, f.Name)) {
				damage = append(damage, f.Name+" has different contents")
			}
		}
	}
	return damage, warnings
}

// otherPath reports whether a config.json is the one that would be written but for the folder of its
// tokenizer, which was right when the folder was made.
func otherPath(want, found []byte, existing *folder.Manifest) bool {
	c := &comparison{found: &trainer.Found{}}
	c.compareConfig(want, found)
	if c.identifier == "" || len(c.Differences) > 0 || len(c.Warnings) > 1 {
		return false
	}
	return existing != nil && c.identifier == existing.Output || !trainer.Lists(existing, tokenizers.FileName)
}

// moved is the warning of a folder that was moved since it was made.
func moved(now string, existing *folder.Manifest) string {
	return fault.Printable(fmt.Sprintf("%s was moved here from %s: its %s still contains that path in %s; run hf2olmo "+
		"relocate on it", now, existing.Output, ConfigFile, IdentifierField))
}
