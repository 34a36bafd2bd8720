// Package inspect lists what a model or a checkpoint contains: its tensors, what they add
// up to, and its config in short. It judges nothing, and reads only headers unless
// Measure is called.
package inspect

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/native"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
	"hf2olmo/keymap"
)

// Kinds of what is inspected.
const (
	KindModel      = "model"      // of Hugging Face, or a weights file of one
	KindCheckpoint = "checkpoint" // of the native trainer
	KindFile       = "file"       // of torch, by itself
)

// OptimizerPart is the part of the tensors of an optimizer's state.
const OptimizerPart = "optimizer"

// A Report is what was found.
type Report struct {
	Path     string // as it was given
	Kind     string
	Layout   string           // of a sharded checkpoint, with its ranks and its step
	Config   []keymap.Setting // in short; see keymap.Summary
	Tensors  []Tensor         // in the order of the files, then of the names
	Values   []keymap.Setting // of a trainer's state, besides tensors
	Warnings []string
}

// A Tensor is one of them. Values is nil until Measure has read it, and stays so if
// its elements cannot be read.
type Tensor struct {
	Name       string
	Part       string // see keymap.PartOf; or OptimizerPart
	DType      string
	Shape      []int64
	Parameters int64 // elements; 0 for the optimizer's
	Bytes      int64
	File       string // the first with a part of it, and how many others have one
	Values     *Values
	readable   *tensor.Tensor
}

// A Total is what the tensors with something in common add up to.
type Total struct {
	Name       string `json:"name"`
	Tensors    int    `json:"tensors"`
	Parameters int64  `json:"parameters"`
	Bytes      int64  `json:"bytes"`
}

// Open reads the headers of what is at path: a model's folder, weights file or hub
// id, a checkpoint folder, or a file of torch. With noFollow links that lead out of the
// folder are refused. The error is a fault.List or a *fault.Fault.
func Open(ctx context.Context, path string, noFollow bool) (*Report, error) {
	if open := nativeReader(path); open != nil {
		if noFollow {
			if err := regular.NoLinksOut(path); err != nil {
				return nil, err
			}
		}
		return open(ctx, path)
	}
	var options []hf.Option
	if noFollow {
		options = append(options, hf.NoFollow)
	}
	listing, err := hf.List(path, options...)
	if err != nil {
		return nil, err
	}
	r := &Report{Path: path, Kind: KindModel, Config: keymap.Summary(listing.Config), Warnings: listing.Warnings}
	for _, e := range listing.Entries {
		r.add(e)
	}
	return r, nil
}

// nativeReader returns what reads path if it is a native checkpoint or a file of torch, else nil.
func nativeReader(path string) func(context.Context, string) (*Report, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir() && !hf.IsRun(path) && native.Recognize(path) != "":
		return openCheckpoint
	case err == nil && info.IsDir() && !hf.IsRun(path) && native.Find(path) != "" &&
		!regular.Is(filepath.Join(path, "config.json")): // the folder of a run
		return func(ctx context.Context, path string) (*Report, error) { return openCheckpoint(ctx, native.Find(path)) }
	case err == nil && info.Mode().IsRegular() && slices.Contains([]string{".pt", ".pth", ".ckpt"}, filepath.Ext(path)):
		return openTorch
	}
	return nil
}

func openTorch(ctx context.Context, path string) (*Report, error) {
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, &fault.Fault{File: path, Problem: "cannot be opened: " + fault.Cause(err)}
	}
	defer f.Close()
	file := tensor.NewFile(path, filepath.Base(path), info)
	tensors, err := torchfile.Open(f, file)
	if err != nil {
		if state, stateErr := openState(ctx, path); stateErr == nil {
			return state, nil
		}
		return nil, err
	}
	r := &Report{Path: path, Kind: KindFile, Config: keymap.Summary(nil)}
	r.warnUnsummed(file)
	for i := range tensors {
		t := &tensors[i]
		r.add(hf.Entry{Name: t.Name, DType: t.DType.String(), Shape: t.Shape, Bytes: t.Bytes(), File: file, Tensor: t})
	}
	return r, nil
}

func (r *Report) warnUnsummed(file *tensor.File) {
	if warning := file.Unsummed(); warning != "" {
		r.Warnings = append(r.Warnings, warning)
	}
}

func (r *Report) add(e hf.Entry) {
	numel, _ := tensor.Product(e.Shape)
	file := ""
	switch {
	case e.Tensor != nil:
		file = e.Tensor.Where()
	case e.File != nil:
		file = e.File.Name
	}
	r.Tensors = append(r.Tensors, Tensor{Name: e.Name, Part: keymap.PartOf(e.Name), DType: e.DType, Shape: e.Shape,
		Parameters: numel, Bytes: e.Bytes, File: file, readable: e.Tensor})
}

// Sum returns what all tensors add up to.
func (r *Report) Sum() Total {
	sum := Total{Name: "total"}
	for i := range r.Tensors {
		sum.Add(&r.Tensors[i])
	}
	return sum
}

// ByDType returns the total of each dtype that occurs, the largest first.
func (r *Report) ByDType() []Total {
	var names []string
	for _, t := range r.Tensors {
		if !slices.Contains(names, t.DType) {
			names = append(names, t.DType)
		}
	}
	totals := r.totals(names, func(t *Tensor) string { return t.DType })
	slices.SortStableFunc(totals, func(a, b Total) int { return int(min(max(b.Bytes-a.Bytes, -1), 1)) })
	return totals
}

// ByPart returns the total of each part that occurs, in the order of keymap.Parts, and the
// optimizer's.
func (r *Report) ByPart() []Total {
	return r.totals(append(keymap.Parts(), OptimizerPart), func(t *Tensor) string { return t.Part })
}

func (r *Report) totals(names []string, of func(*Tensor) string) []Total {
	totals := []Total{}
	for _, name := range names {
		total := Total{Name: name}
		for i := range r.Tensors {
			if t := &r.Tensors[i]; of(t) == name {
				total.Add(t)
			}
		}
		if total.Tensors > 0 {
			totals = append(totals, total)
		}
	}
	return totals
}

// Add adds a tensor.
func (total *Total) Add(t *Tensor) {
	total.Tensors++
	total.Parameters += t.Parameters
	total.Bytes += t.Bytes
}
