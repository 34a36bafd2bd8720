package keymap

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func originForTest(t *testing.T, text string) (origin, error) {
	t.Helper()
	var y struct {
		Tensor any `yaml:"tensor"`
	}
	if err := yaml.UnmarshalWithOptions([]byte("tensor: "+text), &y, yaml.UseOrderedMap()); err != nil {
		t.Fatal(err)
	}
	return parseOrigin(y.Tensor, scope{"n": true, "turn": true})
}

// TestOrigins plans tensors of the shape 6 × 4.
func TestOrigins(t *testing.T) {
	for text, want := range map[string]string{
		"a":                                "[{a [6 4] false}]",
		"[{a: [2, 4]}, {b: ['n + 1', 4]}]": "[{a [2 4] false} {b [4 4] false}]",
		"{from: a, shape: [4, 6], transpose: turn}":                   "[{a [4 6] true}]",
		"{from: 'a{e}', each: {e: n}, shape: [2,4]}":                  "[{a0 [2 4] false} {a1 [2 4] false} {a2 [2 4] false}]",
		"{from: 'a{e}', each: {e: n}, shape: [4,2], transpose: true}": "[{a0 [4 2] true} {a1 [4 2] true} {a2 [4 2] true}]",
		"{from: a, shape: [24], flatten: true}":                       "[{a [24] false}]",
		"{from: a, add: 1, dtype: float32}":                           "[{a [6 4] false}] float32+1",
		"[{a: [2, 4]}, {b: [3, 4]}]":                                  "error: its parts have 5 rows, it has 6",
		"{from: a, shape: [4, 6]}":                                    "error: have another length",
		"{from: a, shape: [25], flatten: true}":                       "error: not have as many elements",
		"{from: a, shape: [2, 3, 4], transpose: true}":                "error: only a matrix",
		"{from: 'a.{e}', each: {e: 10000000 * n}, shape: [2, 4]}":     "error: 30000000 parts",
		"{shape: [2, 3]}":                                             "error: from is missing",
		"{from: a, add: 1}":                                           "error: add needs dtype: float32",
		"{from: a, each: {e: n, f: n}}":                               "error: one name and its size",
		"{from: a, transpose: nothing}":                               "error: unknown name nothing",
		"[{a: [2, 4], b: [4, 4]}]":                                    "error: one name with its shape",
	} {
		o, err := originForTest(t, text)
		var got PlannedTensor
		if room := 100; err == nil {
			got, err = o.plan("t", []int64{6, 4}, map[string]any{"n": 3, "turn": true}, nil, &room)
		}
		found := fmt.Sprint(got.Parts)
		if got.Add != 0 {
			found += fmt.Sprintf(" %s+%v", got.DType, got.Add)
		}
		if problem, bad := strings.CutPrefix(want, "error: "); bad {
			if err == nil || !strings.Contains(err.Error(), problem) {
				t.Errorf("%s: %v, want %q", text, err, problem)
			}
		} else if err != nil || found != want {
			t.Errorf("%s: %s, %v, want %s", text, found, err, want)
		}
	}
}
