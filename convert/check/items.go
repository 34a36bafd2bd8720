package check

import (
	"errors"
	"path"
	"strings"
	"sync"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/tensor"
)

// itemChecks read every byte of tensors whose checksums are in the headers of their files: the
// items of a distributed checkpoint, and safetensors files.
type itemChecks struct {
	*checker
	folder string // of the files, in the folder that is checked
	format string // the case of what is found
}

// checkCore reads all items of a checkpoint of OLMo-core.
func (c itemChecks) checkCore(k *dcp.Checkpoint) error {
	var parts []tensor.Tensor
	var all []readTensor
	for i := range k.Tensors {
		t := &k.Tensors[i]
		for _, part := range k.Parts[i] {
			part.Name = t.Name
			parts = append(parts, part)
		}
		isModel := strings.HasPrefix(t.Name, olmocore.ModelPrefix+".")
		all = append(all, readTensor{t.Name, isModel && len(t.Shape) > 1})
	}
	read, err := c.sweep(parts)
	if err != nil {
		return err
	}
	c.addValues(c.format, all, read)
	files, bytes := filesOf(parts)
	c.addRead(len(k.Tensors), files, bytes)
	return nil
}

// sweep reads parts of tensors: their checksums, and what is not finite, or only zeros, in
// all parts of one name together. Tied tensors have the same parts, which are read once.
func (c itemChecks) sweep(parts []tensor.Tensor) (values, error) {
	parts = distinct(parts)
	files, err := tensor.OpenFiles(parts)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	contents := make([]*tensor.Content, len(parts))
	for i := range parts {
		contents[i] = &tensor.Content{DType: parts[i].DType, Parts: []*tensor.Tensor{&parts[i]}}
	}
	var mu sync.Mutex
	read := values{}
	visit := func(_ *tensor.Gatherer, p tensor.Piece, data []byte) error {
		c.progress(len(data))
		part := &parts[p.Content]
		own := seen{tensor.Look(data, part.DType), path.Join(c.folder, part.File.Name)}
		mu.Lock()
		defer mu.Unlock()
		read.add(part.Name, own)
		return nil
	}
	if err := tensor.Sweep(c.ctx, files, contents, 0, func() tensor.Visitor { return visit }); err != nil {
		return nil, err
	}
	unsummed := map[string]bool{}
	for i := range parts {
		if f := parts[i].File; f.NoSums && !unsummed[f.Name] {
			unsummed[f.Name] = true
			c.add("unsummed/"+c.format, about{file: path.Join(c.folder, f.Name)})
		}
	}
	return read, c.addSums(files.CheckRecords(c.ctx))
}

// distinct leaves out parts that lie where another does.
func distinct(parts []tensor.Tensor) []tensor.Tensor {
	type place struct {
		file   *tensor.File
		offset int64
	}
	known := map[place]bool{}
	var own []tensor.Tensor
	for _, part := range parts {
		if at := (place{part.File, part.Offset}); !known[at] {
			known[at] = true
			own = append(own, part)
		}
	}
	return own
}

// filesOf counts the files of parts, and their bytes.
func filesOf(parts []tensor.Tensor) (files int, bytes int64) {
	known := map[*tensor.File]bool{}
	for i := range parts {
		if f := parts[i].File; !known[f] {
			known[f] = true
			bytes += f.Size
		}
	}
	return len(known), bytes
}

// addSums adds records whose checksum is wrong. Any other error is returned.
func (c itemChecks) addSums(err error) error {
	var faults fault.List
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	for _, f := range faults {
		c.add("checksum/"+c.format, about{file: path.Join(c.folder, f.File), tensor: f.Tensor, expected: f.Expected,
			found: f.Found}, "problem", f.Problem, "hint", f.Hint)
	}
	return nil
}
