package check

import (
	"hf2olmo/convert/native"
	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/tensor"
)

// shadow checks a .safetensors file that the trainer reads instead of a .pt. It returns the
// tensors if the trainer itself wrote it: their names are pickles in base64. With those of
// any other program it stops.
func (c fileChecks) shadow(name, other string) []saved {
	listed, err := c.listSafetensors(other)
	if err != nil {
		c.add("shadowed/broken", about{file: other}, "name", name, "cause", err)
		return nil
	}
	var tensors []saved
	for _, t := range listed {
		path, _, ok := native.DecodeName(t.Name)
		if !ok {
			c.add("shadowed/foreign", about{file: other, found: t.Name}, "name", name)
			return nil
		}
		if text, isText := path[0].(string); isText && len(path) == 1 {
			tensors = append(tensors, saved{name: text, shape: t.Shape})
		}
	}
	c.add("shadowed/own", about{file: other}, "name", name)
	return tensors
}

// listSafetensors reads the header of a safetensors file.
func (c fileChecks) listSafetensors(name string) ([]safetensors.Listed, error) {
	f, info, err := c.dir.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	listed, err := safetensors.List(f, &tensor.File{Path: f.Name(), Name: name, Size: info.Size()})
	if err != nil {
		return nil, withoutFile(err)
	}
	return listed, nil
}
