package middle

import (
	"bytes"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
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
		t := *m.Tensors[i].Content.Parts[0]
		t.Name = m.Tensors[i].Name
		model.Tensors = append(model.Tensors, t)
	}
	return model, nil
}
