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
	return parseOrigin(y.Tensor, scope{"n": true, "turn": true}, scope{"x": true})
}

// words says what a part is, as tests expect it.
func words(parts []Part) string {
	var list []string
	for _, p := range parts {
		w := fmt.Sprint(p.called(), p.Shape)
		if p.Order != (Order{}) {
			w += fmt.Sprintf(" %v", p.Order)
		}
		if p.Rows != (RowRange{}) {
			w += fmt.Sprintf(" %d:%d", p.Rows.From, p.Rows.To)
		}
		if p.Transposed {
			w += " turned"
		}
		list = append(list, w)
	}
	return strings.Join(list, " ")
}

// origins are sources of a tensor of the shape 6 × 4, and the parts that are planned.
var origins = map[string]string{
	"a":                                "a[6 4]",
	"[{a: [2, 4]}, {b: ['n + 1', 4]}]": "a[2 4] b[4 4]",
	"{from: a, shape: [4, 6], transpose: turn}":                   "a[4 6] turned",
	"{from: 'a{e}', each: {e: n}, shape: [2,4]}":                  "a0[2 4] a1[2 4] a2[2 4]",
	"{from: 'a{e}', each: {e: n}, shape: [4,2], transpose: true}": "a0[4 2] turned a1[4 2] turned a2[4 2] turned",
	"{from: a, shape: [24], flatten: true}":                       "a[24]",
	"{from: a, add: 1, dtype: float32}":                           "a[6 4] float32+1",
	"{from: a, shape: [9, 4], rows: [n, 3 * n]}":                  "a[9 4] 3:9",
	"{from: a, shape: [7, 6], rows: [3, 7], transpose: true}":     "a[7 6] 3:7 turned",
	"[{a: [2, 4]}, {from: b, shape: [8, 4], rows: [4, 8]}]":       "a[2 4] b[8 4] 4:8",
	"{zeros: true}": "zeros[6 4]",
	"[{zeros: true, shape: [2, 4]}, {a: [4, 4]}]":                        "zeros[2 4] a[4 4]",
	"{from: a, permute: {halves: [n, 2]}}":                               "a[6 4] {3 2 2 1}",
	"{from: a, permute: {halves: [n, '0']}}":                             "a[6 4]",
	"{from: a, permute: {apart: ['1', n]}}":                              "a[6 4] {6 6 1 3}",
	"{from: a, permute: {apart: [2, n]}, shape: [12, 4], rows: [6, 12]}": "a[12 4] {12 12 2 3} 6:12",
	"{from: a, scale: x}":                                                "a[6 4] ×0.5",
	"{from: a, scale: 2 * x}":                                            "a[6 4]",
	"{from: [{a: [4, 4]}, {b: ['n + 1', 4]}], rows: [1, 7]}":             "a[4 4] 1:4 b[4 4] 0:3",
	"{from: [{a: [1, 4]}, {b: [6, 4]}, {c: [n, 4]}], rows: [1, 7]}":      "b[6 4]",
}

// wrongOrigins are refused, with words from what is said of them.
var wrongOrigins = map[string]string{
	"{from: a, shape: [4, 9], rows: [0, 4], transpose: true}":             "its parts have 9 rows, it has 6",
	"[{a: [2, 4]}, {b: [3, 4]}]":                                          "its parts have 5 rows, it has 6",
	"{from: a, shape: [4, 6]}":                                            "have another length",
	"{from: [{a: [4, 4]}, {b: [n, 4]}], rows: [2, 8]}":                    "that have 7 rows together",
	"{from: [{a: [6, 4]}]}":                                               "rows is missing",
	"{from: [{a: [6, 4]}], rows: [0, 6], transpose: true}":                "goes together with rows only",
	"{from: [a], rows: [0, 6]}":                                           "one name with its shape",
	"{from: [{zeros: true}], rows: [0, 6]}":                               "shape is missing",
	"{from: [{a: [6, 4]}], rows: [n]}":                                    "expected [from, to]",
	"{from: a, shape: [25], flatten: true}":                               "not have as many elements",
	"{from: a, shape: [2, 3, 4], transpose: true}":                        "only a matrix",
	"{from: 'a.{e}', each: {e: 10000000 * n}, shape: [2, 4]}":             "30000000 parts",
	"{shape: [2, 3]}":                                                     "from is missing",
	"{from: a, add: 1}":                                                   "add needs dtype: float32",
	"{from: a, each: {e: n, f: n}}":                                       "one name and its size",
	"{from: a, transpose: nothing}":                                       "unknown name nothing",
	"[{a: [2, 4], b: [4, 4]}]":                                            "one name with its shape",
	"{from: a, rows: [0, 6]}":                                             "rows needs shape",
	"{from: a, shape: [9, 4], rows: [0]}":                                 "expected [from, to]",
	"{from: a, shape: [9, 4], rows: [3, 10]}":                             "rows 3 to 10 of a tensor of the shape [9 4]",
	"{from: a, shape: [9, 4], rows: [-1, 5]}":                             "\"-1\" is -1, not a size",
	"{from: a, shape: [9, 4], rows: [3, 3]}":                              "rows 3 to 3: expected",
	"{from: a, shape: [9, 4], rows: [9000000000000000, 0]}":               "expected the first row",
	"{from: a, shape: [9, 4], rows: [0, 6], flatten: true}":               "does not go together with flatten",
	"{from: a, permute: {halves: [4, 2]}}":                                "halves [4, 2] of 6 rows: expected",
	"{from: a, permute: {halves: [n, 4]}}":                                "halves [3, 4] of 6 rows",
	"{from: a, permute: {halves: [n, n]}}":                                "halves [3, 3] of 6 rows",
	"{from: a, permute: {halves: ['0', 0]}}":                              "halves [0, 0] of 6 rows",
	"{from: a, permute: {apart: [0, n]}}":                                 "apart [0, 3] of 6 rows",
	"{from: a, permute: {apart: [n, 0]}}":                                 "apart [3, 0] of 6 rows",
	"{from: a, permute: {apart: [9007199254740991, 9007199254740991]}}":   "of 6 rows: expected",
	"{from: a, permute: {apart: [2]}}":                                    "apart: expected [ways, rows of each]",
	"{from: a, permute: {shuffled: [2, n]}}":                              "no permutation is called \"shuffled\"",
	"{from: a, permute: {apart: [2, n], halves: [2, n]}}":                 "expected one permutation and its sizes",
	"{from: a, permute: {apart: [2, n]}, transpose: true, shape: [4, 6]}": "does not go together",
	"{from: a, scale: x ** 0.5 / n}":                                      "unknown name n",
	"{from: a, scale: x * 0}":                                             "is 0: expected a number between",
	"{from: a, scale: x / 0}":                                             "is +Inf: expected",
	"{from: a, scale: 0 * x / 0}":                                         "is NaN: expected",
	"{from: a, scale: 'x > 0'}":                                           "is true: expected",
	"{from: a, scale: x * 10000000000000}":                                "expected a number between",
	"[{from: a, shape: [2, 4], scale: 2}, {b: [4, 4]}]":                   "of a whole tensor, not of one of its parts",
	"{from: a, zeros: true}":                                              "zeros come from no tensor",
	"{zeros: true, add: 1, dtype: float32}":                               "nothing is done to them",
	"[{zeros: true}, {a: [4, 4]}]":                                        "zeros: shape is missing",
	"[{zeros: true, shape: [2, 4000000000000]}, {a: [4, 4]}]":             "more than any model has",
	"[{from: a, shape: [2, 4], add: 1, dtype: float32}, {b: [4]}]":        "of a whole tensor, not of one of its parts",
}

// TestOrigins plans tensors of the shape 6 × 4.
func TestOrigins(t *testing.T) {
	for text, want := range origins {
		got, err := planned(t, text)
		found := words(got.Parts)
		if got.Add != 0 {
			found += fmt.Sprintf(" %s+%v", got.DType, got.Add)
		}
		if got.Scale != 0 {
			found += fmt.Sprintf(" ×%v", got.Scale)
		}
		if err != nil || found != want {
			t.Errorf("%s: %s, %v, want %s", text, found, err, want)
		}
	}
	for text, want := range wrongOrigins {
		if _, err := planned(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// planned plans a tensor of the shape 6 × 4.
func planned(t *testing.T, text string) (got PlannedTensor, err error) {
	o, err := originForTest(t, text)
	if room := 100; err == nil {
		got, err = o.plan("t", []int64{6, 4}, map[string]any{"n": 3, "turn": true}, nil, &room)
	}
	if err == nil {
		got.Scale, err = o.factor(map[string]any{"x": 0.5})
	}
	return got, err
}

// TestRowsOnce cuts tensors of 6 rows: each row is used once, or dropped by its number.
func TestRowsOnce(t *testing.T) {
	part := func(from, to int64) PlannedTensor {
		return PlannedTensor{Parts: []Part{{Name: "a", Shape: []int64{6, 4}, Rows: RowRange{from, to}}}}
	}
	whole := PlannedTensor{Parts: []Part{{Name: "a", Shape: []int64{6, 4}}}}
	other := PlannedTensor{Parts: []Part{{Name: "a", Shape: []int64{6, 5}, Rows: RowRange{2, 6}}}}
	ordered := PlannedTensor{Parts: []Part{{Name: "a", Shape: []int64{6, 4}, Order: Order{6, 6, 2, 1},
		Rows: RowRange{2, 6}}}}
	drop := func(from, to int64) []Drop { return []Drop{{Name: "a", Rows: RowRange{from, to}}} }
	for i, c := range []struct {
		tensors []PlannedTensor
		drop    []Drop
		want    string
	}{
		{[]PlannedTensor{part(2, 6), part(0, 2)}, nil, ""},
		{[]PlannedTensor{part(2, 6)}, drop(0, 2), ""},
		{[]PlannedTensor{part(2, 6)}, nil, "a: rows 0 to 1 are neither used nor dropped"},
		{[]PlannedTensor{part(0, 2), part(3, 6)}, nil, "a: rows 2 to 2 are neither used nor dropped"},
		{[]PlannedTensor{part(0, 3)}, []Drop{{Name: "a"}}, "a: rows 3 to 5 are neither used nor dropped"},
		{[]PlannedTensor{part(0, 4), part(2, 6)}, nil, "a: rows 2 to 3 are used twice"},
		{[]PlannedTensor{part(0, 6), part(2, 4)}, nil, "a: rows 2 to 3 are used twice"},
		{[]PlannedTensor{part(0, 6), whole}, nil, "a: rows 0 to 5 are used twice"},
		{[]PlannedTensor{part(0, 6)}, drop(0, 2), "a: rows 0 to 1 are used twice"},
		{[]PlannedTensor{part(0, 6)}, drop(6, 9), "a: rows 6 to 8 are dropped, and it has 6"},
		{[]PlannedTensor{part(0, 2), other}, nil, "a: has the shape [6 5] and the shape [6 4]"},
		{[]PlannedTensor{part(0, 2), ordered}, nil, "a: is permuted for some of its parts only"},
	} {
		got := ""
		if err := (&Plan{Tensors: c.tensors, Drop: c.drop}).checkRows(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}
