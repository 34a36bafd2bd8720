package verify

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// coreConfig returns the model's part of OLMo-core's config.json, nil if there is none.
func coreConfig(dir string) (map[string]any, error) {
	path := filepath.Join(dir, olmocore.ConfigFile)
	if !regular.Is(path) {
		return nil, nil
	}
	text, err := regular.Read(path, olmocore.MaxConfig)
	if err != nil {
		return nil, &fault.Fault{File: olmocore.ConfigFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	object, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	if err != nil {
		return nil, &fault.Fault{File: olmocore.ConfigFile, Problem: "cannot be read: " + err.Error()}
	}
	model, _ := object["model"].(map[string]any)
	return model, nil
}

// compareConfigs compares the configs: those of models by what they compute, those of one trainer
// field by field.
func (c *ofAny) compareConfigs() {
	own, found := c.own.config, c.found.config
	switch {
	case c.native == "":
		c.compareModels(own, found, len(c.found.tensors))
	case own == nil || found == nil:
		if own == nil {
			c.Warn("%s has no config, so no configs were compared", c.a.path)
		} else {
			c.Warn("%s has no config, so no configs were compared", c.b.path)
		}
	case c.native == "olmo":
		c.compareFlat(own, found)
	default:
		c.compareNested(modelSection, own, found)
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
		return target.Computed(config, keymap.Facts{Tensors: len(c.found.tensors)})
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

// compareNested compares objects of two configs of one trainer; path is what they are called.
func (c *ofAny) compareNested(path string, own, found map[string]any) {
	names := maps.Clone(own)
	maps.Copy(names, found)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, inA := own[name]
		b, inB := found[name]
		objectA, isObject := a.(map[string]any)
		objectB, isObject2 := b.(map[string]any)
		switch {
		case isObject && isObject2:
			c.compareNested(path+"."+name, objectA, objectB)
		case !same(a, b):
			c.Field(configFile, path+"."+name, there(a, inA), there(b, inB))
		}
	}
}

// same compares two values of configs: a whole number may be a float, and null may be left out.
func same(a, b any) bool {
	x, isNumber := number(a)
	y, isNumber2 := number(b)
	if isNumber && isNumber2 {
		return x == y
	}
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
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
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
