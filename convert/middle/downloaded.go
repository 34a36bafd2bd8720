package middle

import (
	"bytes"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tensor"
)

// A Part is what a tensor of the model is of one of the checkpoint's: some of its rows.
type Part struct {
	Parameter   string // the checkpoint's tensor
	first, rows int64
}

// Of returns the part of another tensor of the same shape: of a moment that an optimizer has of
// the parameter.
func (p Part) Of(moment *tensor.Tensor) *tensor.Tensor { return tensor.Rows(moment, p.first, p.rows) }

// Downloaded returns a model as if it had been downloaded, for package match, and what each of its
// tensors is of the checkpoint's. They are those of m.Tensors in their order, each in the dtype
// that it has in the checkpoint. name is what the model is called.
func Downloaded(m *Model, name string) (*hf.Model, []Part, error) {
	text, err := m.Config.JSON()
	if err != nil {
		return nil, nil, err
	}
	config, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	if err != nil {
		return nil, nil, err
	}
	model := &hf.Model{Source: m.Checkpoint.Path, Dir: m.Checkpoint.Path, Name: name, Config: config,
		Files: m.Checkpoint.Files}
	var parts []Part
	for i := range m.Tensors {
		t := *m.Tensors[i].Content.Parts[0]
		parts = append(parts, Part{t.Name, m.plan.Tensors[i].First, m.Tensors[i].Shape[0]})
		t.Name = m.Tensors[i].Name
		model.Tensors = append(model.Tensors, t)
	}
	return model, parts, nil
}
