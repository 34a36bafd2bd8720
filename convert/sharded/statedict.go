package sharded

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// StateDicts reads a state dict of each rank from its own file, by the ranks' numbers,
// and returns the full tensors in the order of their names. Every rank must have saved a
// part of the same tensors.
func (o *Opener) StateDicts(files map[int]string) ([]*Tensor, error) {
	set := NewSet()
	var faults fault.List
	for n := range len(files) {
		faults.Add("", set.addDict(o, files[n], n, len(files)))
		o.Done(files[n])
		if o.Context.Err() != nil {
			return nil, context.Cause(o.Context)
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	set.Settle(func(err error) { faults.Add("", err) })
	return set.Sorted(), faults.Err()
}

func (s *Set) addDict(o *Opener, path string, n, world int) error {
	r, err := o.Rank(path, n, world)
	if err != nil {
		return err
	}
	top := pickle.AsMap(r.Value)
	if top == nil {
		return &fault.Fault{File: o.Name(path), Problem: "does not contain a dict of tensors"}
	}
	var faults fault.List
	for _, p := range top.Items {
		name, isText := p.Key.(string)
		if !isText {
			return &fault.Fault{File: o.Name(path), Problem: "does not contain a dict of tensors by their names"}
		}
		faults.Add("", s.Add(r, name, p.Value))
	}
	if len(s.tensors) != len(top.Items) && len(faults) == 0 {
		faults = append(faults, &fault.Fault{File: o.Name(path),
			Problem:  "has other tensors than the files of the ranks before it",
			Expected: fmt.Sprint(len(s.tensors)), Found: fmt.Sprint(len(top.Items))})
	}
	return faults.Err()
}

// Sorted returns the tensors in the order of their names.
func (s *Set) Sorted() []*Tensor {
	var sorted []*Tensor
	for _, t := range s.tensors {
		sorted = append(sorted, t)
	}
	slices.SortFunc(sorted, func(a, b *Tensor) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

// Distributed reads the index of a distributed checkpoint in a folder, and the headers of
// its items: full tensors by the names in the index, in its order. The opener knows the
// files then, and the archives of the tensors.
func (o *Opener) Distributed(dir string) ([]*Tensor, *dcp.Checkpoint, error) {
	c, err := dcp.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, file := range c.Files {
		file.Name = o.Name(file.Path)
		o.Know(file)
	}
	var tensors []*Tensor
	var faults fault.List
	for i := range c.Tensors {
		t := &c.Tensors[i]
		full := &Tensor{Tensor: tensor.Tensor{Name: t.Name, DType: t.DType, Shape: t.Shape}}
		for k, chunk := range t.Chunks {
			part := &c.Parts[i][k]
			full.add(chunk.Start, part)
			o.Archives = append(o.Archives, Archive{part.File, chunk.Offset, chunk.Bytes})
		}
		faults.Add("", full.Settle())
		tensors = append(tensors, full)
	}
	return tensors, c, faults.Err()
}
