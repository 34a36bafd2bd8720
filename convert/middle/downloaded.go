package middle

import (
	"bytes"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tensor"
)

// Downloaded returns a model as if it had been downloaded, for package match. Its tensors are those
// of m.Tensors in their order, each in the dtype that it has in the checkpoint. name is what the
// model is called.
func Downloaded(m *Model, name string) (*hf.Model, error) {
	text, err := m.Config.JSON()
	if err != nil {
		return nil, err
	}
	config, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	if err != nil {
		return nil, err
	}
	model := &hf.Model{Source: m.Checkpoint.Path, Dir: m.Checkpoint.Path, Name: name, Config: config,
		Files: m.Checkpoint.Files}
	for i := range m.Tensors {
		parts := m.Tensors[i].Content.Parts
		t := *parts[0]
		if len(parts) > 1 {
			t = *tensor.InOrder(tensor.Order{}, parts...)
		}
		t.Name = m.Tensors[i].Name
		model.Tensors = append(model.Tensors, t)
	}
	return model, nil
}
