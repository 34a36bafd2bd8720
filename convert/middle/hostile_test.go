package middle_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/native"
)

// values are what a field of a config may be that somebody wrote to harm.
var values = []string{"1000000000", "9223372036854775807", "1e308", "1000000000000000000000000", "-1", "0", "0.5",
	"null", `"x"`, `""`, "[]", "[1, 2]", "{}", `{"a": 1}`, "true", "[[[[[[[[]]]]]]]]"}

// configured is a checkpoint whose config tests replace.
type configured struct {
	*native.Checkpoint
	path string // of the config
	text string
}

// configuredFor converts a bundled model for a trainer.
func configuredFor(t testing.TB, model, target, config string) *configured {
	t.Helper()
	made, err := converttest.Convert(context.Background(), filepath.Join("../../testdata", model),
		convert.Options{Target: target, Into: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	c := &configured{path: filepath.Join(made.Output, config)}
	if c.Checkpoint, err = native.OpenModel(context.Background(), made.Output); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	c.text = string(text)
	return c
}

// with sees the checkpoint with another config. It is refused with a message, or becomes a model
// with all of its tensors.
func (c *configured) with(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(c.path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := middle.Of(c.Checkpoint, middle.Options{})
	switch {
	case err != nil && (err.Error() == "" || strings.Contains(err.Error(), "runtime error")):
		t.Errorf("refused with %q", err)
	case err == nil && (len(m.Tensors) == 0 || m.Family == "" || m.Hash() == ""):
		t.Errorf("accepted as %q with %d tensors", m.Family, len(m.Tensors))
	}
}

// TestHostileConfigs puts each value in the place of each field of the configs of both trainers.
func TestHostileConfigs(t *testing.T) {
	yaml := configuredFor(t, "models/olmo2", "olmo", "config.yaml")
	fields := regexp.MustCompile(`(?m)^  [a-z_]+: .*$`).FindAllString(yaml.text, -1)
	for _, line := range fields {
		name, _, _ := strings.Cut(line, ":")
		for _, value := range values {
			yaml.with(t, strings.Replace(yaml.text, line, name+": "+value, 1))
		}
	}
	seen := len(fields)
	for _, model := range []string{"models-olmo-core/olmo3", "models-olmo-core/olmoe"} {
		json := configuredFor(t, model, "olmo-core", "config.json")
		names := regexp.MustCompile(`"[A-Za-z_]+":`).FindAllString(json.text, -1)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			seen++
			for _, value := range values {
				json.with(t, strings.ReplaceAll(json.text, name, name+" "+value+`, "was":`))
			}
		}
		for _, member := range []string{`"block_overrides": {"999999999": {}, "-1": 3, "x": null},`, `"block_pattern": [],`,
			`"block_pattern": ["a", 3],`, `"block_overrides": [],`, `"layer_idx": 1000000000,`} {
			json.with(t, strings.Replace(json.text, `"block":`, member+`"block":`, 1))
		}
	}
	if seen < 100 {
		t.Errorf("only %d fields were edited", seen)
	}
}

// FuzzConfigYAML reads a config.yaml on the way out.
func FuzzConfigYAML(f *testing.F) { fuzzConfig(f, "models/olmo2", "olmo", "config.yaml") }

// FuzzConfigJSON reads a config.json of OLMo-core on the way out.
func FuzzConfigJSON(f *testing.F) {
	fuzzConfig(f, "models-olmo-core/olmo3", "olmo-core", "config.json")
}

func fuzzConfig(f *testing.F, model, target, config string) {
	c := configuredFor(f, model, target, config)
	f.Add(c.text)
	f.Fuzz(func(t *testing.T, text string) { c.with(t, text) })
}
