package verify

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// native is what a checkpoint folder contains.
type native struct {
	target  string
	folder  string       // absolute
	file    *tensor.File // model.pt, nil if there is none
	files   []*tensor.File
	bytes   int64
	tensors []stored
	frames  []frame // that contain them, in the order of the files
	trained bool    // there is an optimizer's state beside the tensors
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
			return nil, &fault.Fault{File: dir, Problem: "does not exist",
				Hint: "Give the checkpoint folder that convert wrote."}
		}
	}
	above := filepath.Dir(path)
	if filepath.Base(path) == olmocore.ModelFolder && regular.Is(filepath.Join(above, olmocore.ConfigFile)) {
		path = above // the tensors' folder was given in place of the checkpoint's
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

// dtype is one that occurs in the folder and can be converted to, Invalid if there is none.
func (n *native) dtype() tensor.DType {
	for i := range n.tensors {
		if d := n.tensors[i].content.DType; d.Convertible() {
			return d
		}
	}
	return tensor.Invalid
}

// openCore reads a checkpoint of OLMo-core, whose index is in the folder at. Of its tensors,
// the model's are compared.
func openCore(folder, at string) (*native, error) {
	checkpoint, err := dcp.Open(at)
	if err != nil {
		return nil, err
	}
	n := &native{target: "olmo-core", folder: folder, bytes: checkpoint.Bytes, files: checkpoint.Files}
	for i, t := range checkpoint.Tensors {
		name, ok := strings.CutPrefix(t.Name, olmocore.ModelPrefix+".")
		if !ok {
			n.trained = true
			continue
		}
		parts, ok := checkpoint.Rows(i)
		if !ok {
			return nil, &fault.Fault{File: at, Tensor: t.Name, Problem: "is split along more than its first " +
				"dimension and cannot be compared",
				Hint: "Save it from one rank, or without tensor parallelism."}
		}
		n.tensors = append(n.tensors, stored{name, t.Shape, tensor.Content{DType: t.DType, Parts: parts}})
		for k, c := range t.Chunks {
			file := checkpoint.Parts[i][k].File
			n.frames = append(n.frames, frame{path: file.Path, name: file.Name, offset: c.Offset, size: c.Bytes})
		}
	}
	slices.SortFunc(n.frames, func(a, b frame) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(a.offset, b.offset))
	})
	n.frames = slices.Compact(n.frames) // tied tensors have the same
	n.trained = n.trained || len(checkpoint.Blobs) > 0
	return n, nil
}
