package olmo

import (
	_ "embed"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed trainer.yaml
var trainerText []byte

// A Trainer is what is known of the trainer itself.
type Trainer struct {
	// Sections are the sections of config.yaml by the names of their classes, and the type
	// of each field. See trainer.yaml.
	Sections map[string]map[string]string `yaml:"sections"`
	Packages []string                     `yaml:"packages"` // of Python, that are installed with it
}

// TopSection is the class of a whole config.yaml.
const TopSection = "TrainConfig"

// KnownTrainer returns what is known of the trainer.
var KnownTrainer = sync.OnceValue(func() (known Trainer) {
	if err := yaml.UnmarshalWithOptions(trainerText, &known, yaml.Strict()); err != nil {
		panic(err) // a test reads it
	}
	return known
})
