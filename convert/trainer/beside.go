package trainer

import (
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
)

// CopyBeside returns the files that go along with a model, as they are.
func CopyBeside(in *Inputs) (files []output.Small) {
	for i := range in.Beside {
		files = append(files, output.Small{Name: in.Beside[i].Name, Copy: &in.Beside[i]})
	}
	return files
}

// Lists reports whether a manifest lists a file of the output.
func Lists(m *folder.Manifest, name string) bool {
	return m != nil && slices.ContainsFunc(m.Outputs, func(s folder.State) bool { return s.Name == name })
}

// WarnOfEarlier says which files that go along with the model are not in an existing output: an
// earlier version did not copy them, or the model did not have them yet.
func WarnOfEarlier(in *Inputs, existing *folder.Manifest) []string {
	var names []string
	for _, f := range in.Beside {
		if !Lists(existing, f.Name) {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fault.Printable(in.Folder + " was converted without " + strings.Join(names, ", ") +
		" of the model; --force converts again, with it")}
}

// CompareBeside compares the files that go along with a model with those of a folder. One that the
// folder's manifest does not list may be missing, unless it is called always.
func (c *Comparison) CompareBeside(found *Found, expected []output.Small, always string) {
	for _, f := range expected {
		listed := Lists(found.Manifest, f.Name)
		if found.Manifest != nil && !listed && f.Name != always {
			continue
		}
		same, err := f.SameAs(filepath.Join(found.Folder, f.Name))
		switch {
		case err != nil && (listed || f.Name == always):
			c.File(f.Name, "the model's own", Missing)
		case err == nil && !same:
			c.File(f.Name, "the model's own", "different contents")
		}
	}
}
