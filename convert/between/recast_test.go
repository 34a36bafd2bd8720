package between_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hf2olmo/convert/between"
	"hf2olmo/convert/native"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

// TestRecast casts checkpoints of OLMo-core, and leaves the optimizer's state out, whichever it is: what
// else there is stays.
func TestRecast(t *testing.T) {
	core := filepath.Join(fixtures.Extract(t), "core")
	for _, name := range []string{"llama-fsdp3-lion", "olmo2-tp2fsdp2-adamw"} {
		source := filepath.Join(core, name)
		if _, err := between.Prepare(context.Background(), source, between.Options{Target: "olmo-core"}); err == nil ||
			!strings.Contains(err.Error(), "is a checkpoint of OLMo-core's trainer already") {
			t.Errorf("%s: %v", name, err)
		}
		var held struct{ Model map[string]fixtures.Sum }
		fixtures.ReadJSON(t, filepath.Join(source, "expected.json"), &held)
		_, alone := cross(t, source, between.Options{Target: "olmo-core", NoOptimizer: true})
		c, err := native.Open(context.Background(), alone.Output)
		must(t, err)
		compare(t, c, held.Model)
		if string(readFile(t, filepath.Join(alone.Output, "config.json"))) != string(readFile(t,
			filepath.Join(source, "config.json"))) {
			t.Errorf("%s: config.json is another", name)
		}
		if _, err := os.Stat(filepath.Join(alone.Output, "train.py")); err == nil {
			t.Errorf("%s: there is a train.py, which the source has not", name)
		}
		_, half := cross(t, source, between.Options{Target: "olmo-core", DType: tensor.BFloat16})
		was, err := native.Open(context.Background(), source)
		must(t, err)
		is, err := native.Open(context.Background(), half.Output)
		must(t, err)
		if len(is.Tensors()) != len(was.Tensors()) || is.Step != 3 {
			t.Errorf("%s: %d tensors, want %d", name, len(is.Tensors()), len(was.Tensors()))
		}
		for _, full := range is.Tensors() {
			if (full.DType == tensor.BFloat16) != (len(full.Shape) > 0) {
				t.Errorf("%s: %s is of %s", name, full.Name, full.DType)
			}
		}
		for parameter, group := range was.Settings {
			if a, b := settings(group), settings(is.Settings[parameter]); !reflect.DeepEqual(a, b) {
				t.Errorf("%s: %s has %v, had %v", name, parameter, b, a)
			}
		}
		if a, b := is.Train.Get("data_loader"), was.Train.Get("data_loader"); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: data_loader is %v, was %v", name, a, b)
		}
	}
}
