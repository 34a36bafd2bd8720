package inspect

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
	"hf2olmo/keymap"
)

// Bounds of what is listed of a trainer's state, whose pickle may refer to itself.
const (
	maxStateDepth  = 6
	maxStateValues = 1 << 20
)

// openState lists a file of torch in which there is more than tensors by name: an optimizer's state, train.pt, the
// whole state of one rank.
func openState(ctx context.Context, path string) (*Report, error) {
	o := &sharded.Opener{Context: ctx, Dir: filepath.Dir(path)}
	defer o.Close()
	rank, err := o.Rank(path, 0, 1)
	if err != nil {
		return nil, err
	}
	r := &Report{Path: path, Kind: KindFile, Config: keymap.Summary(nil)}
	s := &stateReader{Report: r, rank: rank, left: maxStateValues}
	if top := pickle.AsMap(rank.Value); top != nil {
		s.optimizer = top.Get("param_groups") != nil && top.Get("state") != nil
		if err := s.read("", top, 0); err != nil {
			return nil, err
		}
	}
	if len(r.Values) == 0 && !s.nested { // tensors alone: why they are refused is to be said
		return nil, &fault.Fault{File: filepath.Base(path), Problem: "contains no trainer's state"}
	}
	return r, nil
}

// A stateReader lists what is in dicts in dicts.
type stateReader struct {
	*Report
	rank      *sharded.Rank
	left      int // values that may still be looked at
	optimizer bool
	nested    bool // there is a dict in the dict
}

// read lists the values of a dict: tensors, and numbers and texts. Names are the keys on the way, with dots.
func (s *stateReader) read(prefix string, m *pickle.Map, depth int) error {
	for _, p := range m.Items {
		if s.left--; s.left < 0 {
			return &fault.Fault{File: s.rank.File.Source.Name, Problem: "contains too many values"}
		}
		name := fmt.Sprint(p.Key)
		if prefix != "" {
			name = prefix + "." + name
		}
		t, isTensor, err := s.rank.Tensor(p.Value)
		inner := pickle.AsMap(p.Value)
		switch {
		case err != nil:
			s.Warnings = append(s.Warnings, name+": "+err.Error())
		case isTensor && strings.HasPrefix(name, "rng."): // the state of a random generator
		case isTensor:
			s.add(hf.Entry{Name: name, DType: t.DType.String(), Shape: t.Shape, Bytes: t.Bytes(), File: t.File, Tensor: &t})
			if s.optimizer || strings.HasPrefix(name, "optim.") {
				added := &s.Tensors[len(s.Tensors)-1]
				added.Part, added.Parameters = OptimizerPart, 0
			}
		case inner != nil && depth < maxStateDepth:
			s.nested = true
			if err := s.read(name, inner, depth+1); err != nil {
				return err
			}
		case depth == 0:
			s.addValue(name, p.Value)
		}
	}
	return nil
}

// addValue notes a number, a text, or how many of them a list has.
func (s *stateReader) addValue(name string, v any) {
	switch v := v.(type) {
	case int64, float64, bool, string:
		s.Values = append(s.Values, keymap.Setting{Name: name, Value: v})
	case *pickle.List:
		s.Values = append(s.Values, keymap.Setting{Name: name, Value: fault.Plural(len(v.Items), "item")})
	}
}
