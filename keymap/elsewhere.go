package keymap

import (
	"fmt"
	"sync"

	"github.com/goccy/go-yaml"
)

// unsupported are models that share a hint, with the reason for each.
type unsupported struct {
	Hint   string            `yaml:"hint"`
	Models map[string]string `yaml:"models"`
}

// unsupportedModels is elsewhere.yaml, by target.
var unsupportedModels = sync.OnceValue(func() map[string][]unsupported {
	text, err := files.ReadFile("elsewhere.yaml")
	if err == nil {
		var groups map[string][]unsupported
		if err = yaml.UnmarshalWithOptions(text, &groups, yaml.Strict()); err == nil {
			return groups
		}
	}
	panic(fmt.Sprintf("elsewhere.yaml: %v", err)) // it is bundled, and a test reads it
})

// elsewhere says why models of a type have no table for the target, and what to do with them instead. What is only
// known of another target is said of that.
func (t *Target) elsewhere(modelType string) (because, hint string, ok bool) {
	for _, name := range append([]string{t.Name}, Targets()...) {
		for _, group := range unsupportedModels()[name] {
			if because, ok := group.Models[modelType]; ok {
				return because, group.Hint, name == t.Name || group.Hint != ""
			}
		}
	}
	return "", "", false
}
