package output

import (
	"bytes"
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// CheckExisting finds out whether the output that is there is complete and made from the
// same: then it is unchanged. Anything else is a fault that says what differs.
func (o *Output) CheckExisting(c *Content) (warnings []string, err error) {
	if err := o.Existing.TooNew(o.Path); err != nil {
		return nil, err
	}
	now, err := o.manifest(c)
	if err != nil {
		return nil, err
	}
	changes := o.Existing.Changes(now)
	if len(changes) == 0 && o.Existing.Plan != now.Plan {
		same, err := o.sampleMatches(c)
		if err != nil {
			return nil, err
		}
		if !same {
			changes = append(changes, "converted with a table that has changed")
		}
	}
	if len(changes) > 0 {
		return nil, &fault.Fault{File: o.Path, Problem: "already exists, " + strings.Join(changes, "; "),
			Hint: "Replace it with --force, or choose another --output."}
	}
	damage := o.Existing.Damage(o.Path, o.options.Names.Edited)
	if c.Damage != nil {
		more, warned := c.Damage(o.Existing)
		damage, warnings = append(damage, more...), warned
	}
	if len(damage) > 0 {
		return warnings, &fault.Fault{File: o.Path, Problem: "already exists, but was changed since it was made: " +
			strings.Join(damage, "; "),
			Hint: "Move those files away and run the command again with --force, or choose another --output. " +
				"`hf2olmo verify` compares it with the model."}
	}
	o.Unchanged = true
	folder.Tidy(o.Path)
	return warnings, nil
}

// sampleTensor is how many bytes of each tensor are looked at, at its beginning and in its middle.
const sampleTensor = 4 << 10

// sampleMatches reports whether the output that is there, of an earlier plan, has the tensors
// that would be written, by some bytes of each: another version of a table may say in other
// words what was said before.
func (o *Output) sampleMatches(c *Content) (bool, error) {
	if o.Existing.Layout > folder.ManifestLayout {
		return false, nil
	}
	files, err := tensor.OpenFiles(c.Sources)
	if err != nil {
		return false, err
	}
	defer files.Close()
	gatherer := tensor.NewGatherer(files)
	for _, large := range c.Large {
		out, _, err := regular.Open(filepath.Join(o.Path, filepath.FromSlash(large.Name)))
		if err != nil {
			return false, &fault.Fault{File: large.Name, Problem: "cannot be opened: " + fault.Cause(err)}
		}
		defer out.Close()
		for _, r := range large.Runs {
			content := &c.Tensors[r.Tensor].Content
			for _, at := range []int64{0, r.Place.Bytes / 2 &^ 63} {
				want := make([]byte, min(sampleTensor, r.Place.Bytes-at))
				got := make([]byte, len(want))
				if err := gatherer.Read(want, content, r.From+at); err != nil {
					return false, err
				}
				if _, err := out.ReadAt(got, r.Place.Offset+at); err != nil || !bytes.Equal(got, want) {
					return false, nil
				}
			}
		}
	}
	return true, nil
}
