package convert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// recognise finds out whether the output that is there is complete and made of the
// same: then there is nothing to do. Anything else is a fault that says what differs.
func (c *Conversion) recognise() error {
	if err := c.earlier.TooNew(c.Output); err != nil {
		return err
	}
	now, err := c.manifest()
	if err != nil {
		return err
	}
	changes := c.earlier.Changes(now)
	if len(changes) == 0 && c.earlier.Plan != now.Plan {
		same, err := c.makesTheSame()
		if err != nil {
			return err
		}
		if !same {
			changes = append(changes, "the table now makes something else of it")
		}
	}
	if len(changes) > 0 {
		return &fault.Fault{File: c.Output, Problem: "exists already, made of something else: " + strings.Join(changes, "; "),
			Hint: "Replace it with --force, or choose another --output."}
	}
	damage := append(c.earlier.Damage(c.Output, names.Edited), c.trainer.damage(c)...)
	if len(damage) > 0 {
		return &fault.Fault{File: c.Output, Problem: "exists already and is not as it was converted: " + strings.Join(damage, "; "),
			Hint: "Move those files away and make it again with --force, or choose another --output. " +
				"`hf2olmo verify` compares it with the model."}
	}
	c.Unchanged = true
	folder.Tidy(c.Output)
	return nil
}

// manifest describes what the conversion is made of. What it wrote is added when it is written.
func (c *Conversion) manifest() (*folder.Manifest, error) {
	m := &folder.Manifest{Format: folder.ManifestFormat, Layout: folder.ManifestLayout, Target: c.options.target(),
		Output: c.Output, Plan: c.planHash()}
	m.Options = folder.Choices{DType: "auto", Tokenizer: c.options.Tokenizer, AllowNaN: c.options.AllowNaN}
	if c.options.DType != tensor.Invalid {
		m.Options.DType = c.options.DType.String()
	}
	if c.options.Keymap != nil {
		m.Options.Keymap = c.options.Keymap.Hash()
	}
	var err error
	if m.Source, err = filepath.Abs(c.Model.Dir); err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(m.Source); err == nil {
		m.Source = real
	}
	m.Source = string([]rune(m.Source)) // as JSON will have it, where it is not UTF-8
	for _, path := range c.smallSources() {
		state, err := hashWhole(path)
		if err != nil {
			return nil, err
		}
		m.Sources = append(m.Sources, state)
	}
	for _, file := range c.Model.Files {
		state, err := c.hashWeights(file)
		if err != nil {
			return nil, err
		}
		m.Sources = append(m.Sources, state)
	}
	return m, nil
}

// smallSources are the paths of the source's files that are hashed whole.
func (c *Conversion) smallSources() []string {
	paths := []string{c.Model.ConfigPath()}
	if c.Model.Index != "" {
		paths = append(paths, filepath.Join(c.Model.Dir, c.Model.Index))
	}
	if c.Model.Tokenizer != nil {
		paths = append(paths, c.Model.Tokenizer.Path)
	}
	return paths
}

// planHash stands for all that the table makes of the model: a table that was changed
// counts where it makes something else, and a comment in it does not.
func (c *Conversion) planHash() string {
	h := sha256.New()
	for _, s := range c.Config {
		fmt.Fprintf(h, "%q %v\n", s.Name, s.Value)
	}
	for _, t := range c.Tensors {
		fmt.Fprintf(h, "%q %s %v", t.Name, t.Content.DType, t.Shape)
		for _, part := range t.Content.Parts {
			fmt.Fprintf(h, " %q %v", part.Name, part.Shape)
		}
		fmt.Fprintf(h, " %v %q", t.Content.Add, t.Same)
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashWhole(path string) (folder.State, error) {
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

// A weights file is not read whole: some blocks, spread over it, tell one training of
// a model from another also where a copy or an archive gave both the same time.
const (
	sampleBlocks = 8
	sampleBytes  = 4 << 10
)

// hashWeights hashes what the header of a weights file says, and some blocks of it.
func (c *Conversion) hashWeights(file *tensor.File) (folder.State, error) {
	h := sha256.New()
	for i := range c.Model.Tensors {
		if t := &c.Model.Tensors[i]; t.File == file {
			fmt.Fprintf(h, "%q %s %v %v %d\n", t.Name, t.DType, t.Shape, t.Stride, t.Offset)
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
func (c *Conversion) record(dir string, sums []assemble.Sum, kept []folder.State) ([]byte, error) {
	m, err := c.manifest()
	if err != nil {
		return nil, err
	}
	for i, f := range c.large {
		info, err := os.Stat(filepath.Join(dir, f.Name))
		if err != nil {
			return nil, &fault.Fault{File: filepath.Join(c.Output, f.Name), Problem: fault.Cause(err)}
		}
		modified := info.ModTime()
		m.Outputs = append(m.Outputs, folder.State{Name: f.Name, Size: info.Size(), ModTime: &modified,
			Hash: sums[i].Frame, CRC32: folder.CRC(sums[i].CRC)})
	}
	for _, f := range c.small {
		sum := sha256.Sum256(f.data)
		m.Outputs = append(m.Outputs, folder.State{Name: f.name, Size: int64(len(f.data)), Hash: hex.EncodeToString(sum[:])})
	}
	m.Outputs = append(m.Outputs, kept...)
	return m.Text()
}
