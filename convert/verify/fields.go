package verify

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// coreConfig returns the model's part of OLMo-core's config.json, nil if there is none.
func coreConfig(dir string) (map[string]any, error) {
	if !regular.Is(filepath.Join(dir, olmocore.ConfigFile)) {
		return nil, nil
	}
	config, err := olmocore.ReadConfig(dir)
	model, _ := config[modelSection].(map[string]any)
	return model, err
}

// compareConfigs compares the configs by what they compute; of one trainer field by field, if no
// class of transformers computes the models.
func (c *ofAny) compareConfigs() {
	own, found := c.own.config, c.found.config
	switch {
	case c.native == "":
		c.compareModels(own, found, len(c.found.tensors))
	case own == nil:
		c.Warn("%s has no config, so no configs were compared", c.a.path)
	case found == nil:
		c.Warn("%s has no config, so no configs were compared", c.b.path)
	case c.native == "olmo":
		c.compareFlat(own, found)
	case !same(own, found):
		c.compareNested(own, found)
	}
}

// modelSection is the model's part of a trainer's config.
const modelSection = "model"

// compareFlat compares the model sections of two config.yaml by what they compute: a field that is
// left out has the trainer's default. What else a trainer would do otherwise is a warning.
func (c *ofAny) compareFlat(own, found map[string]any) {
	target, err := keymap.TargetNamed(c.native)
	if err != nil {
		return // it is bundled
	}
	own, found = completed(target, own), completed(target, found)
	var differing []string
	for _, f := range target.Fields {
		if !same(own[f.Name], found[f.Name]) && !slices.Contains(target.Immaterial, f.Name) {
			differing = append(differing, f.Name)
		}
	}
	computed := func(config map[string]any) map[string]any {
		return keymap.Computed(target, config, keymap.Facts{Tensors: len(c.found.tensors)})
	}
	a, b := computed(own), computed(found)
	deciding := differing
	if a != nil && b != nil && same(a, b) {
		deciding = nil
	} else if a != nil && b != nil {
		deciding = material(own, found, differing, computed)
	}
	for _, name := range differing {
		field := modelSection + "." + name
		if slices.Contains(deciding, name) {
			c.Field(olmo.ConfigFile, field, worded(own[name]), worded(found[name]))
			continue
		}
		c.Warn("%s: %s is %s; %s has %s, which computes the same", olmo.ConfigFile, field, worded(found[name]), c.a.path,
			worded(own[name]))
	}
}

// completed is a config with the trainer's defaults for what it leaves out.
func completed(target *keymap.Target, config map[string]any) map[string]any {
	all := maps.Clone(config)
	for _, f := range target.Fields {
		if _, ok := all[f.Name]; !ok && !f.Required {
			all[f.Name] = f.Default
		}
	}
	return all
}

// compareNested compares the model sections of two config.json of OLMo-core by what they compute.
func (c *ofAny) compareNested(own, found map[string]any) {
	target, err := keymap.TargetNamed(c.native)
	if err != nil {
		return // it is bundled
	}
	computed := func(flat map[string]any) map[string]any {
		document := map[string]any{modelSection: nested(flat)}
		return keymap.Computed(target, document, keymap.Facts{Tensors: len(c.found.tensors)})
	}
	own, found = flattened(own), flattened(found)
	names := maps.Clone(own)
	maps.Copy(names, found)
	var differing []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !same(own[name], found[name]) {
			differing = append(differing, name)
		}
	}
	a, b := computed(own), computed(found)
	switch {
	case a != nil && b != nil && same(a, b):
		return
	case a != nil && b != nil:
		differing = material(own, found, differing, computed)
	}
	for _, name := range differing {
		a, inA := own[name]
		b, inB := found[name]
		c.Field(configFile, modelSection+"."+name, there(a, inA), there(b, inB))
	}
}

// flattened returns the members of an object and of those in it by their paths.
func flattened(object map[string]any) map[string]any {
	flat := map[string]any{}
	for name, value := range object {
		inner, isObject := value.(map[string]any)
		if !isObject || len(inner) == 0 {
			flat[name] = value
			continue
		}
		for path, value := range flattened(inner) {
			flat[name+"."+path] = value
		}
	}
	return flat
}

// nested is what flattened makes such members of.
func nested(flat map[string]any) map[string]any {
	object := map[string]any{}
	for path, value := range flat {
		place := object
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			inner, ok := place[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				place[name] = inner
			}
			place = inner
		}
		place[names[len(names)-1]] = value
	}
	return object
}

// same compares two values of configs: a whole number may be a float, and null may be left out.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for name := range a {
			if !same(a[name], b[name]) {
				return false
			}
		}
		for name := range b {
			if !same(a[name], b[name]) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	}
	return keymap.Equal(a, b)
}

// there is a value as people are shown it, or that there is none.
func there(value any, is bool) string {
	if !is {
		return trainer.Missing
	}
	return worded(value)
}

func worded(value any) string {
	if value == nil {
		return "null"
	}
	if float, ok := value.(float64); ok {
		return omegaconf.Float(float)
	}
	return shown(fmt.Sprint(value))
}
