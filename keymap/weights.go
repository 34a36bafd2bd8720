package keymap

import "fmt"

// shapes are those of a model's tensors, by the names that tables have for them.
type shapes map[string][]int64

// String is short, as messages may contain it.
func (s shapes) String() string { return fmt.Sprintf("the shapes of %d tensors", len(s)) }

// seen is what expressions of a table see of a model's files as weights.
func (f Facts) seen(prefixes []Prefix) map[string]any {
	known := shapes(f.Shapes)
	if len(prefixes) > 0 {
		known = make(shapes, len(f.Shapes))
		for name, shape := range f.Shapes {
			bare, _ := bare(prefixes, name)
			known[bare] = shape
		}
	}
	return map[string]any{"tensors": f.Tensors, "shapes": known}
}
