package keymap

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A difference between two models is a part of their configs, by its path, and the layers in which it differs.
type difference struct {
	path    string
	is, has string
	layers  []int // empty: not of a layer
}

// differences returns how a model differs from one of a family of transformers, in words, by path.
func (n *normal) differences(d, family *described, name string) (list []string) {
	var found []*difference
	add := func(path string, is, has any, layer int) {
		one := difference{path: path, is: n.worded(is), has: n.worded(has)}
		for _, f := range found {
			if f.path == one.path && f.is == one.is && f.has == one.has && layer >= 0 {
				f.layers = append(f.layers, layer)
				return
			}
		}
		if layer >= 0 {
			one.layers = []int{layer}
		}
		found = append(found, &one)
	}
	n.compareObjects("", d.model, family.model, func(path string, is, has any) { add(path, is, has, -1) })
	for i := range min(len(d.blocks), len(family.blocks)) {
		n.compareObjects("", d.blocks[i], family.blocks[i], func(path string, is, has any) { add(path, is, has, i) })
	}
	if len(d.blocks) != len(family.blocks) {
		add("n_layers", len(d.blocks), len(family.blocks), -1)
	}
	for _, f := range found {
		of := ""
		if len(f.layers) > 0 && len(f.layers) < len(d.blocks) {
			of = " of " + layersNamed(f.layers)
		}
		list = append(list, fmt.Sprintf("%s%s is %s (%s: %s)", f.path, of, f.is, name, f.has))
	}
	return list
}

// worded is a part of a config in a message, without what does not matter.
func (n *normal) worded(v any) string {
	object, isObject := v.(map[string]any)
	if !isObject {
		return worded(v)
	}
	var members []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !n.immaterial[name] {
			members = append(members, name+": "+n.worded(object[name]))
		}
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// layersNamed names layers: "layer 3", "layers 0, 1 and 2 more".
func layersNamed(layers []int) string {
	const most = 4
	var names []string
	for _, i := range layers[:min(len(layers), most)] {
		names = append(names, strconv.Itoa(i))
	}
	switch more := len(layers) - len(names); {
	case more > 0:
		return fmt.Sprintf("layers %s and %d more", strings.Join(names, ", "), more)
	case len(names) == 1:
		return "layer " + names[0]
	}
	return "layers " + strings.Join(names, ", ")
}

// compareObjects calls differs for every member, by its path, that matters and of which the two have other values.
func (n *normal) compareObjects(path string, a, b map[string]any, differs func(path string, a, b any)) {
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, y := a[name], b[name]
		inner, isObject := x.(map[string]any)
		other, alsoObject := y.(map[string]any)
		switch {
		case n.immaterial[name]:
		case isObject && alsoObject:
			n.compareObjects(path+name+".", inner, other, differs)
		case !near(x, y):
			differs(path+name, x, y)
		}
	}
}

// near compares two values of configs; numbers may differ by what computing one from the other
// and back again rounds.
func near(a, b any) bool {
	const rounding = 1e-12
	x, xIs := Number(a)
	y, yIs := Number(b)
	if xIs && yIs {
		return x == y || math.Abs(x-y) <= rounding*max(math.Abs(x), math.Abs(y))
	}
	return reflect.DeepEqual(a, b)
}
