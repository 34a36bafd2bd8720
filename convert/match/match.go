// Package match finds the tensors of a native model in a model that was downloaded from Hugging
// Face, by the table of its family. Every tensor of the model must be used once or be left out
// by the table, every one that the table names must be there, in the shape that config.json
// says. What does not match is explained: faults come with their likeliest cause in front.
package match

import (
	"fmt"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// Options are what a model is matched for.
type Options struct {
	Target    string // the trainer, as package keymap names it
	Trainer   trainer.Trainer
	Folder    string        // the absolute path of the checkpoint, in which a tokenizer may be
	DType     tensor.DType  // of all tensors; Invalid keeps each as it is
	Tokenizer string        // that was chosen with --tokenizer; "" for the model's own
	Table     *keymap.Table // in place of the bundled one of the family; nil for that
}

// A Match is a model, and the native model that it makes. Headers were read, no tensor's data.
type Match struct {
	Model    *hf.Model
	Family   string
	Config   []keymap.Setting  // of the native model
	Document keymap.Object     // the target's config file, if keymap declares one
	Since    string            // the trainer's first release that builds the model, if keymap knows it
	Tensors  []assemble.Tensor // of the native state dict, in the order in which they are written
	LeftOut  []LeftOut         // what the trainer has no use for, by how its tensors' names begin
	Warnings []string

	Tokenizer     *tokenizers.Tokenizer // whose tokens are counted; nil for none
	TokenizerName string                // what the native config calls it

	same []pair
}

// Of matches a model with the table of its family. The error is a fault.List with all that
// is wrong; what could be found is returned even then.
func Of(model *hf.Model, o Options) (*Match, error) {
	use := o.Trainer.Tokenizer(trainer.TokenizerSource{Chosen: o.Tokenizer, Own: model.Tokenizer != nil,
		Output: o.Folder})
	m := &matching{options: o, use: use, Match: &Match{Model: model, Warnings: model.Warnings, TokenizerName: use.Name}}
	var faults fault.List
	plan, err := m.plan()
	faults.Add("", err)
	switch {
	case plan != nil:
		faults.Add("", m.match(plan, err != nil))
	default:
		if f := (&explainer{of: m}).whatIf(); f != nil {
			f.Lead = true
			faults = append(faults, f)
		}
	}
	return m.Match, faults.Err()
}

// matching is one model that is matched with one table.
type matching struct {
	*Match
	options Options
	use     trainer.Tokenizer
	fields  []keymap.Reading                  // of config.json, which whatIf may change
	suppose func(map[string]any) *keymap.Plan // what the table would make of a different config.json, nil if nothing
}

// Inputs are what the checkpoint in a folder is made of.
func (m *Match) Inputs(folder string) *trainer.Inputs {
	in := &trainer.Inputs{Folder: folder, Model: m.Model.Name, Source: m.Model.Source, Config: m.Config,
		Document: m.Document, Tensors: m.Tensors, Tokenizer: m.TokenizerName, Beside: m.Model.Beside}
	if m.Tokenizer != nil {
		in.Tokens = m.Tokenizer.Span()
	}
	return in
}

// Weights returns what the model's weights are called if no one file is concerned.
func (m *Match) Weights() string {
	if m.Model.Index != "" || len(m.Model.Files) == 0 {
		return m.Model.Index
	}
	return tensor.FileNames(m.Model.Files)
}

// Parameters returns the number of elements of all tensors, tied ones once.
func (m *Match) Parameters() int64 { return assemble.Parameters(m.Tensors) }

// DType returns the dtype of all tensors, or "mixed".
func (m *Match) DType() string { return assemble.DType(m.Tensors) }

// warn adds a warning.
func (m *Match) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
