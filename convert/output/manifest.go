package output

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// manifest describes what the output is made from. What was written is added by record.
func (o *Output) manifest(c *Content) (*folder.Manifest, error) {
	r := &c.Recipe
	m := &folder.Manifest{Format: folder.ManifestFormat, Layout: folder.ManifestLayout, Target: r.Target,
		Output: o.Path, Plan: r.Plan, Options: r.Choices}
	var err error
	if m.Source, err = filepath.Abs(r.Folder); err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(m.Source); err == nil {
		m.Source = real
	}
	m.Source = string([]rune(m.Source)) // as JSON will have it, where it is not UTF-8
	for _, path := range r.Small {
		state, err := HashFile(path)
		if err != nil {
			return nil, err
		}
		m.Sources = append(m.Sources, state)
	}
	for _, path := range r.Beside {
		state, err := HashFile(path)
		if err != nil {
			return nil, err
		}
		state.Optional = true
		m.Sources = append(m.Sources, state)
	}
	for _, file := range r.Weights {
		state, err := hashWeights(file, c.Sources)
		if err != nil {
			return nil, err
		}
		m.Sources = append(m.Sources, state)
	}
	return m, nil
}

// HashFile returns the state of a small file of a source, all of whose bytes are hashed.
func HashFile(path string) (folder.State, error) {
	name := filepath.Base(path)
	f, _, err := regular.Open(path)
	if err != nil {
		return folder.State{}, &fault.Fault{File: name, Problem: "cannot be opened: " + fault.Cause(err)}
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return folder.State{}, &fault.Fault{File: name, Problem: "cannot be read: " + fault.Cause(err)}
	}
	return folder.State{Name: name, Size: n, Hash: hex.EncodeToString(h.Sum(nil))}, nil
}

// A weights file is not read whole: some blocks, spread over it, distinguish one training of
// a model from another also where a copy or an archive gave both the same time.
const (
	sampleBlocks = 8
	sampleBytes  = 4 << 10
)

// hashWeights hashes what the header of a weights file says of its tensors, which are among
// sources, and some blocks of it.
func hashWeights(file *tensor.File, sources []tensor.Tensor) (folder.State, error) {
	h := sha256.New()
	for i := range sources {
		t := &sources[i]
		if t.Blocks == nil && t.File == file {
			fmt.Fprintf(h, "%q %s %v %v %d\n", t.Name, t.DType, t.Shape, t.Stride, t.Offset)
		}
		for _, b := range t.Blocks {
			if d := b.Data; d.File == file {
				fmt.Fprintf(h, "%q %s %v %v %v %v %d\n", t.Name, t.DType, t.Shape, b.Start, d.Shape, d.Stride, d.Offset)
			}
		}
	}
	f, _, err := regular.Open(file.Path)
	if err != nil {
		return folder.State{}, &fault.Fault{File: file.Name, Problem: "cannot be opened: " + fault.Cause(err)}
	}
	defer f.Close()
	block := make([]byte, sampleBytes)
	for i := range int64(sampleBlocks) {
		at := max(0, file.Size-sampleBytes) * i / (sampleBlocks - 1)
		n, err := f.ReadAt(block, at)
		if err != nil && err != io.EOF {
			return folder.State{}, &fault.Fault{File: file.Name, Problem: "cannot be read: " + fault.Cause(err)}
		}
		h.Write(block[:n])
	}
	modified := file.ModTime
	return folder.State{Name: file.Name, Size: file.Size, ModTime: &modified, Hash: hex.EncodeToString(h.Sum(nil))}, nil
}

// record returns the manifest of what was written into dir, with the sums of the large
// files, and the states of files that an older output had.
func (o *Output) record(c *Content, dir string, sums []assemble.Sum, kept []folder.State) ([]byte, error) {
	m, err := o.manifest(c)
	if err != nil {
		return nil, err
	}
	for i, f := range c.Large {
		info, err := os.Stat(filepath.Join(dir, f.Name))
		if err != nil {
			return nil, &fault.Fault{File: filepath.Join(o.Path, f.Name), Problem: fault.Cause(err)}
		}
		modified := info.ModTime()
		m.Outputs = append(m.Outputs, folder.State{Name: f.Name, Size: info.Size(), ModTime: &modified,
			Hash: sums[i].Frame, CRC32: folder.CRC(sums[i].CRC)})
	}
	for _, f := range c.Small {
		state, err := HashFile(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil {
			return nil, err
		}
		if state.Name = f.Name; state.Size != f.Size() {
			return nil, &fault.Fault{File: f.Name, Problem: "was changed while it was read"}
		}
		m.Outputs = append(m.Outputs, state)
	}
	m.Outputs = append(m.Outputs, kept...)
	return m.Text()
}
