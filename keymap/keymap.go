// Package keymap contains the declarative tables that say how a model of one family becomes
// a native checkpoint, and the one loop that applies them. A table is YAML (README.md); no
// tensor name appears in Go code. The package knows names, shapes and configs, not files.
//
//	olmo.yaml, olmo-core.yaml   one target each: its config, its state dict, what it cannot build
//	names.yaml                  what tensor names say that no table uses
//	tables/<target>/*.yaml      one file per family: how its config and tensors become the target's
package keymap

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed *.yaml tables
var files embed.FS

// Targets returns the names of the bundled targets, the default one first.
func Targets() []string { return []string{"olmo", "olmo-core"} }

// TargetNamed returns a bundled target, such as "olmo". It is parsed once.
func TargetNamed(name string) (*Target, error) {
	if !slices.Contains(Targets(), name) {
		return nil, fmt.Errorf("no target is called %q", name)
	}
	known, ok := targets.Load(name)
	if !ok {
		text, err := files.ReadFile(name + ".yaml")
		if err != nil {
			return nil, err
		}
		target, err := parseTarget(text)
		if err != nil {
			return nil, err
		}
		known, _ = targets.LoadOrStore(name, target)
	}
	return known.(*Target), nil
}

// targets are the *Targets parsed so far, by name.
var targets sync.Map

// Hash returns a hash of the table's text, as it was given to Parse.
func (t *Table) Hash() string {
	sum := sha256.Sum256(t.text)
	return hex.EncodeToString(sum[:])
}

// For returns the bundled table of the target whose match expression is true for
// config (a parsed config.json). If there is none, the error is a *Refusal that
// says which trainer supports such a model.
func For(t *Target, config map[string]any) (*Table, error) {
	b, err := tableOf(t.Name, config)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, t.unknown(config)
	}
	table, err := b.Table()
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", b.Family, err)
	}
	return table, nil
}

// tableOf returns the bundled table of a target for a model with this config.json, nil if there is none.
func tableOf(target string, config map[string]any) (*BundledTable, error) {
	for _, b := range bundledTables() {
		if b.Target != target {
			continue
		}
		if matches, err := b.matches(config); err != nil {
			return nil, fmt.Errorf("table %s: match: %w", b.Family, err)
		} else if matches {
			return b, nil
		}
	}
	return nil, nil
}

// TargetOf returns the first target that has a table for a model with this config.json,
// or "".
func TargetOf(config map[string]any) string {
	for _, name := range Targets() {
		if b, err := tableOf(name, config); err == nil && b != nil {
			return name
		}
	}
	return ""
}

// trainers are what the targets are called in messages.
var trainers = map[string]string{"olmo": "allenai/OLMo", "olmo-core": "OLMo-core"}

// unknown returns the refusal of a model that no table matches.
func (t *Target) unknown(config map[string]any) *Refusal {
	modelType, _ := config["model_type"].(string)
	known := strings.Join(Families(t.Name), ", ")
	if modelType == "" {
		r := &Refusal{
			File:    source,
			Because: "has no model_type, so no table can be chosen",
			Hint:    "Add \"model_type\" to config.json: one of " + known + ". Or choose a table yourself: --keymap FILE.",
		}
		if architecture, likely := typeOfArchitecture(config); likely != "" {
			r.Because += fmt.Sprintf("; its architectures are [%q]", architecture)
			r.Hint = fmt.Sprintf("Add \"model_type\": %q to config.json.", likely)
		}
		return r
	}
	because, hint, listed := t.elsewhere(modelType)
	if other := TargetOf(config); other != "" {
		if !listed {
			because = "it is not supported by " + trainers[t.Name]
		}
		return &Refusal{File: source, Because: fmt.Sprintf("model_type %q: %s", modelType, because), Target: other,
			Hint: fmt.Sprintf("Train it with %s (--target %s).", trainers[other], other)}
	}
	if listed {
		return &Refusal{File: source, Because: fmt.Sprintf("model_type %q: %s", modelType, because), Hint: hint}
	}
	r := &Refusal{
		File:    source,
		Because: fmt.Sprintf("model_type %q is not supported", modelType),
		Hint: "Supported: " + known + ". You can also write a table yourself (hf2olmo keymap NAME prints one " +
			"to start from): --keymap FILE.",
	}
	architecture, likely := typeOfArchitecture(config)
	if likely != "" {
		r.Because += fmt.Sprintf("; its architectures are [%q]", architecture)
	} else {
		likely = similarType(modelType)
	}
	switch inner := typeInside(config); {
	case likely != "":
		r.Hint = fmt.Sprintf("If it is one, set \"model_type\" to %q in config.json.", likely)
	case inner != "":
		r.Hint = fmt.Sprintf("The text model inside it has model_type %q. %s", inner, SignOf([]string{visionTower}).Do)
	}
	return r
}

// visionTower is a tensor name by which names.yaml recognizes multimodal models.
const visionTower = "vision_tower.weight"

// A Refusal is a reason why a model cannot become the target's.
type Refusal struct {
	File    string // the file concerned, or empty
	Because string // lower case, no full stop
	Hint    string // a sentence, or empty

	// Target is another one that has a table for the model; "" for none.
	Target string

	rule string // of a table, by name
}

func (r *Refusal) Error() string { return r.Because }
