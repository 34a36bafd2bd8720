package hf

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
)

// Where transformers 5 writes what it knows of rope, and where 4 looks for it.
const (
	ropeFive   = "rope_parameters"
	ropeFour   = "rope_scaling"
	ropeBase   = "rope_theta"
	ropeLocal  = "rope_local_base_freq" // of layers with windows
	ropePart   = "partial_rotary_factor"
	ropeKind   = "rope_type"
	fullLayers = "full_attention"
	windows    = "sliding_attention"
	textPart   = "text_config"
)

// BothSpellings returns a config.json that transformers 4 reads as 5 does. Version 5 writes the
// parameters of rope where 4 does not look, which then computes with its defaults, silently: they are added
// where it looks, and the rest is as it was. unknown reports that some are in a form that 4 has no words for.
func BothSpellings(text []byte) (both []byte, unknown bool, err error) {
	config, err := jsonfile.ReadMembers(text, jsonfile.ConfigLimits)
	if err != nil {
		return nil, false, &fault.Fault{File: configName, Problem: "cannot be read: " + err.Error()}
	}
	before := slices.Clone(config)
	if inner := config.Get(textPart); inner.Kind() == '{' {
		text, unknownInside, err := BothSpellings(inner)
		if err != nil {
			return nil, false, err
		}
		unknown = unknownInside
		config.Set(textPart, text)
	}
	if !addRope(&config) {
		unknown = true
	}
	same := func(a, b jsonfile.Member) bool { return a.Name == b.Name && string(a.Value) == string(b.Value) }
	if slices.EqualFunc(config, before, same) {
		return text, unknown, nil
	}
	both, err = config.Text()
	return both, unknown, err
}

// addRope adds what version 4 looks for. It reports whether that has words for it.
func addRope(config *jsonfile.Members) bool {
	rope := object(config.Get(ropeFive))
	if rope == nil {
		return true
	}
	full, local := rope, object(rope.Get(windows))
	if nested := slices.ContainsFunc(rope, func(m jsonfile.Member) bool { return m.Value.Kind() == '{' }); nested {
		if full = object(rope.Get(fullLayers)); full == nil || local == nil || len(rope) != 2 {
			return false
		}
		if kind := word(local.Get(ropeKind)); kind != "default" && kind != word(full.Get(ropeKind)) {
			return false
		}
		add(config, ropeLocal, local.Get(ropeBase))
	}
	add(config, ropeBase, full.Get(ropeBase))
	add(config, ropePart, full.Get(ropePart))
	scaling := jsontext.Value("null")
	if kind := word(full.Get(ropeKind)); kind != "" && kind != "default" {
		scaled := slices.DeleteFunc(slices.Clone(full), func(m jsonfile.Member) bool {
			return m.Name == ropeBase || m.Name == ropePart
		})
		text, err := scaled.Text()
		if err != nil {
			return false
		}
		scaling = text
	}
	add(config, ropeFour, scaling)
	return true
}

// add sets a member that is not there.
func add(config *jsonfile.Members, name string, value jsontext.Value) {
	if value != nil && config.Get(name) == nil {
		config.Set(name, value)
	}
}

// object returns the members of an object, nil of anything else.
func object(value jsontext.Value) jsonfile.Members {
	if value.Kind() != '{' {
		return nil
	}
	members, err := jsonfile.ReadMembers(value, jsonfile.ConfigLimits)
	if err != nil {
		return nil
	}
	return members
}

// word returns a text, "" for anything else.
func word(value jsontext.Value) string {
	return strings.Trim(string(value), `"`)
}
