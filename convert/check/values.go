package check

import (
	"fmt"

	"hf2olmo/convert/tensor"
)

// A readTensor is one whose elements were read.
type readTensor struct {
	name, file string
	weights    bool // a matrix of the model, which is odd if all of it is zero
}

// join adds what was seen of a part to what was seen of the tensor.
func join(all map[string]tensor.Special, name string, seen tensor.Special) {
	if before, ok := all[name]; ok {
		seen = seen.Join(before)
	}
	all[name] = seen
}

// addSpecial adds the tensors with NaN, with infinity, and of nothing but zeros. format is the
// case of the finding.
func (c *checker) addSpecial(format string, tensors []readTensor, special map[string]tensor.Special) {
	for _, t := range tensors {
		of := about{file: t.file, tensor: t.name}
		switch seen := special[t.name]; {
		case seen.NaN:
			c.add("nan/"+format, of)
		case seen.Infinite:
			c.add("infinite/"+format, of)
		case seen.Zero && t.weights:
			c.add("zeros/"+format, of)
		}
	}
}

// addRead says what was read.
func (c *checker) addRead(tensors, files int, bytes int64) {
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
