package keymap_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// TestPublishedConfigs applies the tables to config.json files of published models. Each
// converts as expected.txt says, and without a field that no table knows, or is refused
// for the reason given there.
func TestPublishedConfigs(t *testing.T) {
	const folder = "../testdata/realcfg"
	text, err := os.ReadFile(filepath.Join(folder, "expected.txt"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 3)
		name, targetName, want := words[0], words[1], words[2]
		seen[name] = true
		if got := published(t, filepath.Join(folder, name+".json"), targetName); got != want {
			t.Errorf("%s for %s: %s\nexpected: %s", name, targetName, got, want)
		}
	}
	paths, _ := filepath.Glob(folder + "/*.json")
	if len(paths) < 60 {
		t.Errorf("%d configs", len(paths))
	}
	for _, path := range paths {
		if name := strings.TrimSuffix(filepath.Base(path), ".json"); !seen[name] {
			t.Errorf("%s is not in expected.txt", name)
		}
	}
}

// published says what becomes of a config: the family that it converts as, or why it does not.
func published(t *testing.T, path, targetName string) string {
	config := readConfig(t, path)
	target, err := keymap.TargetNamed(targetName)
	if err != nil {
		t.Fatal(err)
	}
	table, err := keymap.For(target, config)
	if err != nil {
		return "refused: " + err.Error()
	}
	facts := keymap.Facts{Tokenizer: map[string]any{"eos_token_id": 0}, Tensors: 1 << 20}
	plan, refusals := table.Plan(target, config, facts)
	var reasons []string
	for _, r := range refusals {
		reasons = append(reasons, r.Because)
	}
	if len(reasons) > 0 {
		return "refused: " + strings.Join(reasons, "; ")
	}
	return strings.TrimSpace("converts as " + plan.Family + " " + strings.Join(plan.Unknown, " "))
}

// readConfig reads a config.json as package hf does: integers are int64, other numbers float64.
func readConfig(t *testing.T, path string) map[string]any {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.UseNumber()
	var config map[string]any
	if err := decoder.Decode(&config); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return wholes(config).(map[string]any)
}
