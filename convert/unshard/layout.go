package unshard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// layOut finds where every byte of the files will be.
func (u *Unsharding) layOut() error {
	model, err := u.layOutModel()
	if err != nil {
		return err
	}
	large := []assemble.File{model}
	if !u.options.NoOptimizer && len(u.Checkpoint.Optim) > 0 {
		optim, err := u.layOutOptim()
		if err != nil {
			return err
		}
		large = append(large, optim)
	}
	train, err := torchfile.Bytes("train", olmo.ResumeState(u.Checkpoint.Train))
	if err != nil {
		return err
	}
	u.content = output.Content{
		Title: filepath.Base(u.Checkpoint.Path), Tensors: u.Tensors, Large: large,
		Small:       []output.Small{{Name: olmo.ConfigFile, Data: u.config}, {Name: olmo.TrainFile, Data: train}},
		CheckValues: u.checkValues, ReadBack: u.readBack,
		Damage: func(*folder.Manifest) ([]string, []string) { return u.damage(), nil },
	}
	for i := range u.Tensors {
		for _, part := range u.Tensors[i].Content.Parts {
			u.content.Sources = append(u.content.Sources, blocksOf(part)...)
		}
	}
	u.content.Recipe = u.recipe()
	return nil
}

// blocksOf returns the tensors of one file each that a tensor is made of, under its name.
func blocksOf(t *tensor.Tensor) []tensor.Tensor {
	if t.Blocks == nil {
		return []tensor.Tensor{*t}
	}
	blocks := make([]tensor.Tensor, len(t.Blocks))
	for i := range t.Blocks {
		blocks[i] = *t.Blocks[i].Data
		blocks[i].Name = t.Name
	}
	return blocks
}

func (u *Unsharding) layOutModel() (assemble.File, error) {
	var dict pickle.Dict
	var faults fault.List
	for _, t := range u.Checkpoint.Model {
		dtype := t.DType
		if chosen := u.options.DType; chosen != tensor.Invalid {
			if dtype = chosen; !t.DType.Convertible() {
				faults = append(faults, &fault.Fault{Tensor: t.Name, Problem: "is of a dtype that is not cast",
					Found: t.DType.String(),
					Hint:  "Leave --dtype out: then every tensor keeps its own."})
			}
		}
		content := u.add(t.Name, &t.Tensor, dtype)
		dict = append(dict, pickle.Item{Key: t.Name, Value: olmo.Stored(content, t.Shape, u.options.Layout)})
	}
	u.parameters = len(u.Tensors)
	if len(faults) > 0 {
		return assemble.File{}, faults
	}
	return file(olmo.ModelFile, "model", dict, 0)
}

func (u *Unsharding) layOutOptim() (assemble.File, error) {
	o := olmo.Optimizer{State: u.Checkpoint.Optim, Groups: u.Checkpoint.Groups, DType: u.options.DType,
		Numbered: !u.Checkpoint.Kind.Sharded(), Layout: u.options.Layout}
	dict, moments, err := o.OptimState()
	if err != nil {
		return assemble.File{}, err
	}
	first := len(u.Tensors)
	for _, m := range moments {
		u.add(m.Name, &m.Tensor.Tensor, m.DType)
	}
	return file(olmo.OptimizerFile, "optim", dict, first)
}

// add adds a tensor that will be written, and returns its content.
func (u *Unsharding) add(name string, t *tensor.Tensor, dtype tensor.DType) *tensor.Content {
	u.Tensors = append(u.Tensors, assemble.Tensor{Name: name, Shape: t.Shape,
		Content: tensor.Content{DType: dtype, Parts: []*tensor.Tensor{t}}})
	return &u.Tensors[len(u.Tensors)-1].Content
}

// file lays out a file of torch.save whose storages are the tensors from first on.
func file(name, archive string, dict pickle.Dict, first int) (assemble.File, error) {
	layout, err := torchfile.Plan(archive, dict)
	if err != nil {
		return assemble.File{}, &fault.Fault{File: name, Problem: "cannot be written: " + err.Error()}
	}
	f := assemble.File{Name: name, Size: layout.Size, Frame: layout.Frame}
	for i, place := range layout.Storages {
		f.Runs = append(f.Runs, assemble.Run{Tensor: first + i, Place: place})
	}
	return f, nil
}

// recipe is what the manifest says that the output was made from.
func (u *Unsharding) recipe() output.Recipe {
	r := output.Recipe{Target: "olmo", Folder: u.Checkpoint.Path, Small: []string{filepath.Join(u.Checkpoint.Path,
		olmo.ConfigFile)},
		Weights: u.Checkpoint.Files,
		Choices: folder.Choices{DType: u.options.DType.Choice(), Tokenizer: u.options.Tokenizer, AllowNaN: u.options.AllowNaN,
			NoOptimizer: u.options.NoOptimizer}}
	h := sha256.New()
	for _, t := range u.Tensors {
		fmt.Fprintf(h, "%q %s %v\n", t.Name, t.Content.DType, t.Shape)
	}
	r.Plan = hex.EncodeToString(h.Sum(nil))
	return r
}

// readBack opens what was written as any reader would, and compares it with the plan.
func (u *Unsharding) readBack(dir string) error {
	byName, err := native.OpenWritten(dir, u.Output, len(u.Tensors), u.Checkpoint.Step)
	if err != nil {
		return err
	}
	for _, f := range u.content.Large {
		for _, r := range f.Runs {
			t := &u.Tensors[r.Tensor]
			w := byName[t.Name]
			if w == nil || w.DType != t.Content.DType || !slices.Equal(w.Shape, t.Shape) || w.Offset != r.Place.Offset {
				return native.NotAsWritten(filepath.Join(u.Output, f.Name), t.Name)
			}
		}
	}
	return nil
}
