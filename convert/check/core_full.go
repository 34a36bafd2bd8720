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

// coreByteChecks read every byte of a distributed checkpoint.
type coreByteChecks struct{ *checker }

// checkCoreBytes reads the items of a distributed checkpoint: their checksums, and on the way
// what is not finite, or only zeros.
func (c coreByteChecks) checkCoreBytes(folder string, k *dcp.Checkpoint) error {
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
			c.add("unsummed/olmo-core", about{file: path.Join(folder, file.Name)})
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
func (c coreByteChecks) addSums(folder string, err error) error {
	var faults fault.List
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	for _, f := range faults {
		c.add("checksum/olmo-core", about{file: path.Join(folder, f.File), tensor: f.Tensor, expected: f.Expected,
			found: f.Found}, "problem", f.Problem, "hint", f.Hint)
	}
	return nil
}

// addCoreSpecial adds what was seen of a tensor, once.
func (c coreByteChecks) addCoreSpecial(file string, t *dcp.Tensor, special *tensor.Special) {
	of := about{file: file, tensor: t.Name}
	switch {
	case special.NaN:
		c.add("nan/olmo-core", of)
	case special.Infinite:
		c.add("infinite/olmo-core", of)
	case special.Zero && len(t.Shape) > 1 && strings.HasPrefix(t.Name, olmocore.ModelPrefix+"."):
		c.add("zeros/olmo-core", of)
	default:
		return
	}
	*special = tensor.Special{}
}

// addRead says what was read.
func (c coreByteChecks) addRead(tensors, files int, bytes int64) {
	c.add("read", about{}, "tensors", tensors, "files", plural(files, "file"), "size", size(bytes))
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
