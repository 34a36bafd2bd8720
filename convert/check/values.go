package check

import (
	"fmt"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/tensor"
)

// A readTensor is one whose elements were read.
type readTensor struct {
	name    string
	weights bool // a matrix of the model, which is odd if all of it is zero
}

// values are what was seen of the elements of tensors, by name.
type values map[string]seen

// seen is what was seen of the elements of all parts of a tensor.
type seen struct {
	tensor.Special
	file string // the first with the worst of it
}

func (s seen) rank() int {
	switch {
	case s.NaN:
		return 2
	case s.Infinite:
		return 1
	}
	return 0
}

// add adds what was seen of a part of a tensor.
func (v values) add(name string, part seen) {
	all, ok := v[name]
	if !ok {
		v[name] = part
		return
	}
	if order := part.rank() - all.rank(); order > 0 || order == 0 && part.file < all.file {
		all.file = part.file
	}
	all.Special = all.Join(part.Special)
	v[name] = all
}

// addValues adds the tensors with NaN, with infinity, and of nothing but zeros. format is the
// case of the finding.
func (c *checker) addValues(format string, tensors []readTensor, v values) {
	for _, t := range tensors {
		all := v[t.name]
		of := about{file: all.file, tensor: t.name}
		switch {
		case all.NaN:
			c.add("nan/"+format, of)
		case all.Infinite:
			c.add("infinite/"+format, of)
		case all.Zero && t.weights:
			c.add("zeros/"+format, of)
		}
	}
}

// addRead says what was read.
func (c *checker) addRead(tensors, files int, bytes int64) {
	c.add("read", about{}, "tensors", tensors, "files", fault.Plural(files, "file"), "size", size(bytes))
}

// size writes a number of bytes for people.
func size(bytes int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	value, unit := float64(bytes), 0
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if unit == 0 {
		return fault.Bytes(bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
