package convert

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// Verification is how a checkpoint folder compares with a conversion of a model.
type Verification struct {
	Output      string // absolute
	Family      string
	DType       string // of the folder's tensors
	Parameters  int64
	Tensors     int   // that a conversion would write
	Bytes       int64 // of the files with the tensors
	Differing   int   // tensors
	Differences []TensorDifference
	Config      []FieldDifference
	Trained     bool  // a trainer wrote the folder since
	Step        int64 // at which it did, 0 where that is not known
	Warnings    []string
	Seconds     float64
}

// Same reports whether the folder is what a conversion would write.
func (v *Verification) Same() bool { return len(v.Differences) == 0 && len(v.Config) == 0 }

// Verify compares every tensor of a checkpoint folder with the model that it should
// be made of, bit for bit, and what lies beside them. Of the options, Keymap, Jobs,
// NoFollow and Progress count; dtype and tokenizer are the folder's own. The error is a fault.List
// where the two cannot be compared.
func Verify(ctx context.Context, source, dir string, o Options) (*Verification, error) {
	start := time.Now()
	native, err := openNative(dir, o.NoFollow)
	if err != nil {
		return nil, err
	}
	recorded := folder.ReadManifest(native.folder)
	o.Target, o.DType = native.target, native.dtype()
	if recorded != nil {
		o.Tokenizer = recorded.Options.Tokenizer
	}
	c, err := examine(source, native.folder, o)
	if err != nil {
		return nil, err
	}
	c.Warnings = nil
	if err := c.compareSame(ctx); err != nil {
		return nil, err
	}
	v := &verifier{Conversion: c, native: native, recorded: recorded, result: &Verification{
		Output: native.folder, Family: c.Family, Tensors: len(c.Tensors), Bytes: native.bytes,
	}}
	v.warnUnsummed()
	if err := v.compareTensors(ctx); err != nil {
		return nil, err
	}
	if err := v.compareRest(); err != nil {
		return nil, err
	}
	v.result.Parameters, v.result.DType = c.Parameters(), c.DType()
	v.result.Warnings = append(v.result.Warnings, c.Warnings...)
	v.result.Seconds = time.Since(start).Seconds()
	return v.result, nil
}

// native is what a checkpoint folder holds.
type native struct {
	target  string
	folder  string       // absolute
	file    *tensor.File // model.pt, nil where there is none
	files   []*tensor.File
	bytes   int64
	tensors []stored
	frames  []frame       // that hold them, in the order of the files
	index   *dcp.Metadata // nil where there is none
	trained bool          // there is an optimizer's state beside the tensors
}

// stored is a tensor of a checkpoint folder.
type stored struct {
	name    string
	shape   []int64
	content tensor.Content
}

// openNative reads the headers of a checkpoint folder, of either trainer.
func openNative(dir string, noFollow bool) (*native, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		if other, err := olmo.FolderPath(dir); err == nil && isFolder(other) {
			path = other
		} else {
			return nil, &fault.Fault{File: dir, Problem: "does not exist", Hint: "Give the checkpoint folder that convert wrote."}
		}
	}
	if above := filepath.Dir(path); filepath.Base(path) == olmocore.ModelFolder && regular.Is(filepath.Join(above, olmocore.ConfigFile)) {
		path = above // the tensors' folder stands for the checkpoint's
	}
	if noFollow {
		if err := regular.NoLinksOut(path); err != nil {
			return nil, err
		}
	}
	if at, ok := olmocore.Index(path); ok {
		return openCore(path, at)
	}
	f, info, err := regular.Open(filepath.Join(path, olmo.ModelFile))
	if err != nil {
		return nil, &fault.Fault{File: dir, Problem: olmo.ModelFile + " cannot be opened: " + fault.Cause(err),
			Hint: "Give a checkpoint folder that convert wrote. `hf2olmo check` says what this one is."}
	}
	defer f.Close()
	n := &native{target: "olmo", folder: path, bytes: info.Size(),
		file: tensor.NewFile(f.Name(), olmo.ModelFile, info)}
	n.files = []*tensor.File{n.file}
	n.frames = []frame{{path: f.Name(), name: olmo.ModelFile, size: info.Size()}}
	tensors, err := torchfile.Open(f, n.file)
	for i := range tensors {
		t := &tensors[i]
		n.tensors = append(n.tensors, stored{t.Name, t.Shape, tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{t}}})
	}
	return n, err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// dtype is one that occurs in the folder and can be converted to, Invalid where there is none.
func (n *native) dtype() tensor.DType {
	for i := range n.tensors {
		if d := n.tensors[i].content.DType; d.Convertible() {
			return d
		}
	}
	return tensor.Invalid
}

// compareRest compares what stands beside model.pt, and tells a folder that a trainer
// wrote from one that was damaged.
func (v *verifier) compareRest() error {
	r := v.result
	if err := v.warnOfTokenizer(); err != nil {
		return err
	}
	if v.native.file == nil {
		return v.compareCoreRest()
	}
	v.compareShadows()
	step, known := olmo.GlobalStep(v.native.folder)
	_, noOptimizer := os.Stat(filepath.Join(v.native.folder, olmo.OptimizerFile))
	r.Trained = len(v.structural) == 0 && r.Differing > 0 && (noOptimizer == nil || known && step > 0)
	r.Step = step
	written, err := olmo.ReadConfig(v.native.folder)
	if err != nil {
		r.Config = append(r.Config, FieldDifference{File: olmo.ConfigFile, Expected: "a config", Found: err.Error()})
	} else {
		r.Config = append(r.Config, v.modelDifferences(written)...)
		v.comparePlaces(written)
		v.warnOfConfig(written)
	}
	if v.Model.Tokenizer != nil {
		if err := v.compareTokenizer(); err != nil {
			return err
		}
	}
	return v.compareTrainState(step, known, noOptimizer == nil)
}

// compareShadows looks for files that the trainer would read in place of model.pt.
func (v *verifier) compareShadows() {
	entries, _ := os.ReadDir(v.native.folder) // a folder that cannot be listed shows elsewhere
	for _, e := range entries {
		if olmo.Shadows(e.Name()) {
			v.fileDiffers(e.Name(), "no such file", "a file that the trainer would read in place of "+olmo.ModelFile)
		}
	}
}

func (v *verifier) compareTokenizer() error {
	expected, err := regular.Read(v.Model.Tokenizer.Path, v.Model.Tokenizer.Size)
	if err != nil {
		return &fault.Fault{File: olmo.TokenizerFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	found, err := regular.Read(filepath.Join(v.native.folder, olmo.TokenizerFile), output.MaxSmall)
	switch {
	case err != nil:
		v.fileDiffers(olmo.TokenizerFile, "the model's own", missing)
	case !bytes.Equal(expected, found):
		v.fileDiffers(olmo.TokenizerFile, "the model's own", "other bytes")
	}
	return nil
}

func (v *verifier) fileDiffers(file, expected, found string) {
	v.fieldDiffers(file, "", expected, found)
}

func (v *verifier) fieldDiffers(file, field, expected, found string) {
	v.result.Config = append(v.result.Config, FieldDifference{file, field, expected, found})
}
