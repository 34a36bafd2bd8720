package folder

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
)

// Rewrite replaces a small file of a finished folder in one step.
func Rewrite(dir, name string, data []byte) error {
	path := filepath.Join(dir, name)
	temp := filepath.Join(dir, "."+name+".rewritten")
	os.Remove(temp) // of a run that was killed
	_, err := writeNew(temp, 0o666, bytes.NewReader(data))
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
		return fault.Output(path, "cannot be rewritten", err)
	}
	return disk.SyncFolder(dir)
}

// Rewritten notes that a small file was rewritten. If it was as it is listed, it is listed as it is now; else a user
// had edited it, and it still counts as edited.
func (m *Manifest) Rewritten(name string, was, is []byte) {
	i := slices.IndexFunc(m.Outputs, func(s State) bool { return s.Name == name })
	if i >= 0 && m.Outputs[i].Hash == hashText(was) {
		m.Outputs[i].Hash, m.Outputs[i].Size = hashText(is), int64(len(is))
	}
}
