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

// itemChecks read every byte of tensors whose checksums the headers of their files tell: the
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
		if len(k.Parts[i]) > 0 {
			file := path.Join(c.folder, k.Parts[i][0].File.Name)
			all = append(all, readTensor{t.Name, file, len(t.Shape) > 1 && strings.HasPrefix(t.Name, olmocore.ModelPrefix+".")})
		}
	}
	special, err := c.sweep(parts)
	if err != nil {
		return err
	}
	c.addSpecial(c.format, all, special)
	files, bytes := filesOf(parts)
	c.addRead(len(k.Tensors), files, bytes)
	return nil
}

// sweep reads parts of tensors: their checksums, and what is not finite, or only zeros, in
// all parts of one name together. Tied tensors have the same parts, which are read once.
func (c itemChecks) sweep(parts []tensor.Tensor) (map[string]tensor.Special, error) {
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
	special := map[string]tensor.Special{}
	visit := func(_ *tensor.Gatherer, p tensor.Piece, data []byte) error {
		seen := tensor.Look(data, parts[p.Content].DType)
		mu.Lock()
		defer mu.Unlock()
		join(special, parts[p.Content].Name, seen)
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
	return special, c.addSums(files.CheckRecords(c.ctx))
}

// distinct leaves out parts that lie where another does.
func distinct(parts []tensor.Tensor) []tensor.Tensor {
	type place struct {
		file   *tensor.File
		offset int64
	}
	seen := map[place]bool{}
	var own []tensor.Tensor
	for _, part := range parts {
		if at := (place{part.File, part.Offset}); !seen[at] {
			seen[at] = true
			own = append(own, part)
		}
	}
	return own
}

// filesOf counts the files of parts, and their bytes.
func filesOf(parts []tensor.Tensor) (files int, bytes int64) {
	seen := map[*tensor.File]bool{}
	for i := range parts {
		if f := parts[i].File; !seen[f] {
			seen[f] = true
			bytes += f.Size
		}
	}
	return len(seen), bytes
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
