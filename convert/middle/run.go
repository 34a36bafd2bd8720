package middle

import (
	"fmt"
	"path/filepath"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/match"
	"hf2olmo/convert/native"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// OfRun is the model that the ranks of a Hugging Face trainer saved: its tensors are those of
// transformers already, under their names. Its config.json is the run's own, or that of the model that
// was trained. A family that a table knows must have all its tensors, in the shapes that the config says; any
// other is taken as it is.
func OfRun(model *hf.Model, o Options) (*Model, error) {
	m := &Model{dtype: o.DType, Warnings: model.Warnings, ConfigFile: filepath.Base(model.ConfigPath()),
		Checkpoint: &native.Checkpoint{Path: model.Dir, Step: -1, Model: model.Shards, Files: model.Files}}
	if model.Shards == nil { // one file with all
		for _, t := range model.Tensors {
			m.Checkpoint.Model = append(m.Checkpoint.Model, &sharded.Tensor{Tensor: t})
		}
	}
	var faults fault.List
	known, err := match.Whole(model)
	faults.Add("", err)
	for i := range model.Tensors {
		t := &model.Tensors[i]
		if !t.DType.Convertible() {
			faults = append(faults, &fault.Fault{File: t.File.Name, Tensor: t.Name, Problem: "is of a dtype that no model has",
				Expected: "float32, bfloat16 or float16", Found: t.DType.String()})
		}
		content := tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{t}}
		if o.DType != tensor.Invalid {
			content.DType = o.DType
		}
		m.Tensors = append(m.Tensors, assemble.Tensor{Name: t.Name, Shape: t.Shape, Content: content})
	}
	faults.Add("", readRunConfig(m, model))
	if !known {
		m.warn("no table knows the model_type %s: its tensors are taken as the ranks saved them, without knowing whether "+
			"the model has others, and which shapes", m.Family)
	}
	return m, faults.Err()
}

// readRunConfig reads the config.json of a run as it is kept.
func readRunConfig(m *Model, model *hf.Model) error {
	m.Family, _ = model.Config["model_type"].(string)
	if m.Family == "" {
		return &fault.Fault{File: m.ConfigFile, Problem: "has no model_type, by which transformers knows the model"}
	}
	text, err := regular.Read(model.ConfigPath(), jsonfile.ConfigLimits.Bytes)
	if err != nil {
		return &fault.Fault{File: m.ConfigFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	text, unknown, err := hf.BothSpellings(text)
	if err != nil {
		return err
	}
	if unknown {
		m.warn("%s: rope_parameters are in a form that transformers 4 does not know: only 5 computes the same",
			m.ConfigFile)
	}
	if m.dtype != tensor.Invalid {
		if text, err = withDType(text, m.dtype); err != nil {
			return err
		}
	}
	m.ConfigText = text
	stated := keymap.Stated(model.Config)
	for _, name := range runFields {
		m.Config = append(m.Config, keymap.Setting{Name: name, Value: stated[name]})
	}
	return nil
}

// runFields are those fields of config.json that say something of the tokenizer.
var runFields = []string{"vocab_size", "max_position_embeddings", "bos_token_id", "eos_token_id", "pad_token_id"}

// withDType writes what transformers loads the model in: the dtype of its tensors, under both names.
func withDType(text []byte, dtype tensor.DType) ([]byte, error) {
	config, err := jsonfile.ReadMembers(text, jsonfile.ConfigLimits)
	if err != nil {
		return nil, err
	}
	value := jsontext.Value(fmt.Sprintf("%q", dtype))
	if config.Get("dtype") != nil {
		config.Set("dtype", value)
	}
	config.Set("torch_dtype", value)
	return config.Text()
}
