package check

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/tensor"
)

// checkCoreBytes reads the items of a distributed checkpoint: their checksums, and on the way
// what is not finite, or only zeros.
func (c *checker) checkCoreBytes(folder string, k *dcp.Checkpoint) error {
	parts, of := itemsOf(k)
	files, err := tensor.OpenFiles(parts)
	if err != nil {
		return err
	}
	defer files.Close()
	contents := make([]*tensor.Content, len(parts))
	for i := range parts {
		contents[i] = &tensor.Content{DType: parts[i].DType, Parts: []*tensor.Tensor{&parts[i]}}
	}
	var mu sync.Mutex
	special := make([]tensor.Special, len(k.Tensors))
	for i := range special {
		special[i].Zero = true
	}
	visit := func(_ *tensor.Gatherer, p tensor.Piece, data []byte) error {
		seen := tensor.Look(data, parts[p.Content].DType)
		mu.Lock()
		defer mu.Unlock()
		special[of[p.Content]] = special[of[p.Content]].Join(seen)
		return nil
	}
	if err := tensor.Sweep(c.ctx, files, contents, 0, func() tensor.Visitor { return visit }); err != nil {
		return err
	}
	if err := c.addSums(folder, files.CheckRecords(c.ctx)); err != nil {
		return err
	}
	read := map[*tensor.File]bool{}
	for i := range parts {
		read[parts[i].File] = true
		c.addCoreSpecial(path.Join(folder, parts[i].File.Name), &k.Tensors[of[i]], &special[of[i]])
	}
	bytes := int64(0)
	for file := range read {
		bytes += file.Size
		if file.NoSums {
			c.add(Finding{Severity: Warning, Code: "unsummed", File: path.Join(folder, file.Name),
				Problem: "was written without checksums, so damage to it cannot be detected"})
		}
	}
	c.addRead(len(k.Tensors), len(read), bytes)
	return nil
}

// itemsOf returns the items of all tensors, and of each the number of its tensor. Tied tensors
// have the same items, which are read once.
func itemsOf(k *dcp.Checkpoint) (parts []tensor.Tensor, of []int) {
	type place struct {
		file   *tensor.File
		offset int64
	}
	seen := map[place]bool{}
	for i := range k.Tensors {
		for _, part := range k.Parts[i] {
			if at := (place{part.File, part.Offset}); !seen[at] {
				seen[at] = true
				part.Name = k.Tensors[i].Name
				parts, of = append(parts, part), append(of, i)
			}
		}
	}
	return parts, of
}

// addSums adds records whose checksum is wrong. Any other error is returned.
func (c *checker) addSums(folder string, err error) error {
	var faults fault.List
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	for _, f := range faults {
		c.add(Finding{Code: "checksum", File: path.Join(folder, f.File), Tensor: f.Tensor, Problem: f.Problem,
			Expected: f.Expected, Found: f.Found,
			Trainer: "torch.load checks no checksum: OLMo-core loads the damaged bytes silently.", Hint: f.Hint})
	}
	return nil
}

// addCoreSpecial adds what was seen of a tensor, once.
func (c *checker) addCoreSpecial(file string, t *dcp.Tensor, special *tensor.Special) {
	f := Finding{File: file, Tensor: t.Name, Trainer: "OLMo-core loads it silently."}
	switch {
	case special.NaN:
		f.Code, f.Problem = "nan", "contains NaN"
		f.Trainer = "OLMo-core loads it silently, and the loss is NaN."
		f.Hint = "The run had diverged when this was saved: take an earlier checkpoint."
	case special.Infinite:
		f.Severity, f.Code, f.Problem = Warning, "infinite", "contains infinity"
		f.Hint = "Was it cast to float16 from numbers too large for that? Then cast to bfloat16."
	case special.Zero && len(t.Shape) > 1 && strings.HasPrefix(t.Name, olmocore.ModelPrefix+"."):
		f.Severity, f.Code, f.Problem = Warning, "zeros", "contains nothing but zeros"
		f.Hint = "Was a download or a copy cut off, of this folder or of the model it was made from? Compare " +
			"checksums."
	default:
		return
	}
	*special = tensor.Special{}
	c.add(f)
}

// addRead says what was read.
func (c *checker) addRead(tensors, files int, bytes int64) {
	c.add(Finding{Severity: Note, Code: "read", Problem: fmt.Sprintf("every byte was read: %d tensors in %s of %s",
		tensors, plural(files, "file"), size(bytes))})
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// size writes a number of bytes for people.
func size(bytes int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	value, unit := float64(bytes), 0
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if unit == 0 {
		return plural(int(bytes), "byte")
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
