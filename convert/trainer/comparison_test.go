package trainer_test

import (
	"fmt"

	"hf2olmo/convert/trainer"
)

// A comparison collects what differs, and what is only odd. Names of files are printed safely.
func ExampleComparison() {
	var c trainer.Comparison
	c.File("train.pt", "the state of a trainer at step 0", trainer.Missing)
	c.Field("config.yaml", "model.n_layers", "2", "3")
	c.WarnStray("config.yaml", []string{"a"}, "which the trainer does not know")
	c.WarnStray("config.yaml", []string{"a", "b", "c", "d\n", "e", "f", "g"}, "which the trainer does not know")
	c.WarnStray("config.yaml", nil, "which the trainer does not know")
	for _, d := range c.Differences {
		fmt.Printf("%+v\n", d)
	}
	for _, w := range c.Warnings {
		fmt.Println(w)
	}
	// Output:
	// {File:train.pt Field: Expected:the state of a trainer at step 0 Found:missing}
	// {File:config.yaml Field:model.n_layers Expected:2 Found:3}
	// config.yaml has the key a, which the trainer does not know
	// config.yaml has the keys a, b, c, d\n, e and 2 more, which the trainer does not know
}
