// Package middle makes a checkpoint of a trainer the Hugging Face model that computes the same, in
// memory: its config.json, and of which rows of the checkpoint's tensors its own are made. It is
// where two of any form meet: export writes it, the way to the other trainer goes on from it, and
// verify compares two of them. No tensor's bytes are read.
//
//	Open    native.OpenModel   every file's headers: the full tensors, as blocks of bytes
//	Of      describe           what the checkpoint's own config says
//	        keymap.Export      the class of transformers that computes that, and its tensors
//
// What no class of transformers computes is refused, with the reason.
package middle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// Options are what a checkpoint is opened for.
type Options struct {
	DType     tensor.DType // of all tensors; Invalid keeps each as it is
	NoFollow  bool         // refuse links that lead out of the checkpoint
	Optimizer bool         // read the headers of the optimizer's state too
	Like      *Like        // the model that was trained; nil if it is not known
}

// A Model is a checkpoint, and the Hugging Face model that computes the same.
type Model struct {
	Checkpoint *native.Checkpoint
	Family     string            // its model_type
	Config     keymap.Object     // config.json, in the spelling of transformers 4, which 5 reads right too
	Tensors    []assemble.Tensor // under the names of transformers
	Tokenizer  string            // as the checkpoint's config names it; "" if it names none
	ConfigFile string            // the checkpoint's, as messages call it
	Warnings   []string

	// ConfigText is config.json as a run has it, nil for what Config says.
	ConfigText []byte

	dtype tensor.DType               // chosen
	plan  *keymap.Export             // nil for a run of a Hugging Face trainer
	own   map[string]*sharded.Tensor // the native tensors, by the names in plan
	tied  []tied
	zeros []*tensor.Tensor // rows of the checkpoint's tensors that the Hugging Face model has not
	like  *Like
}

// Open reads the headers of a checkpoint. path is its folder, or a run's: then its latest step.
// The error is a fault.List with all that is wrong. The model is returned, as far as it is
// known, if its files could be read, and nil if they could not.
func Open(ctx context.Context, path string, o Options) (*Model, error) {
	dir := stepOf(native.Find(path))
	if err := accept(path, dir, o.Like); err != nil {
		return nil, err
	}
	c, err := native.Reading{ModelOnly: !o.Optimizer, NoFollow: o.NoFollow}.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	return Of(c, o)
}

// Of is Open of a checkpoint whose headers were read.
func Of(c *native.Checkpoint, o Options) (*Model, error) {
	m := &Model{Checkpoint: c, dtype: o.DType, like: o.Like}
	target, config, err := describe(m)
	if err != nil {
		return m, err
	}
	if err := m.match(target, config); err != nil {
		return m, err
	}
	if o.Like != nil && !o.Like.ClassOnly {
		o.Like.complete(m)
	}
	return m, nil
}

// ConfigJSON returns the text of config.json.
func (m *Model) ConfigJSON() ([]byte, error) {
	if m.ConfigText != nil {
		return m.ConfigText, nil
	}
	return m.Config.JSON()
}

// Setting returns a field of config.json, nil if it is not there.
func (m *Model) Setting(name string) any { return m.Config.Get(name) }

// Rows says which rows of the checkpoint's tensors the i-th of Tensors is.
func (m *Model) Rows(i int) string {
	if m.plan == nil {
		return m.Tensors[i].Content.Parts[0].Name
	}
	t := &m.plan.Tensors[i]
	var pieces []string
	for _, p := range t.Pieces {
		said := m.own[p.From].Name
		if p.Count != m.own[p.From].Shape[0] {
			said += fmt.Sprintf(", rows %d to %d", p.First, p.First+p.Count-1)
		}
		pieces = append(pieces, said)
	}
	said := strings.Join(pieces, " + ")
	if t.Order != (keymap.Order{}) {
		said += ", permuted"
	}
	if t.Transposed {
		said += ", transposed"
	}
	if t.Scale != 0 {
		said += fmt.Sprintf(", ÷ %v", float32(t.Scale))
	}
	if t.Add != 0 {
		said += fmt.Sprintf(", %+g", t.Add)
	}
	return said
}

// Hash identifies all that is made of the checkpoint: config.json, and what each tensor consists of.
func (m *Model) Hash() string {
	h := sha256.New()
	for _, s := range m.Config {
		fmt.Fprintf(h, "%q %v\n", s.Name, s.Value)
	}
	h.Write(m.ConfigText)
	if m.plan == nil {
		for _, t := range m.Tensors {
			fmt.Fprintf(h, "%q %s %v\n", t.Name, t.Content.DType, t.Shape)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	for i, t := range m.plan.Tensors {
		fmt.Fprintf(h, "%q %s %v", t.Name, m.Tensors[i].Content.DType, t.Shape)
		for _, p := range t.Pieces {
			fmt.Fprintf(h, " %q %d", p.From, p.First)
		}
		if t.Order != (keymap.Order{}) || t.Scale != 0 {
			fmt.Fprintf(h, " %v %v", t.Order, t.Scale)
		}
		if t.Transposed || t.Add != 0 {
			fmt.Fprintf(h, " %v %v", t.Transposed, t.Add)
		}
		fmt.Fprintln(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (m *Model) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
