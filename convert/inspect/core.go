package inspect

import (
	"bytes"
	"path/filepath"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

// openIndex lists what an index of torch.distributed.checkpoint names, whatever program wrote
// it: each chunk by itself if a tensor is cut into several, tied tensors under both names.
func openIndex(folder string) (*Report, error) {
	at, _ := olmocore.Index(folder)
	checkpoint, err := dcp.Open(at)
	if err != nil {
		return nil, err
	}
	r := &Report{Path: folder, Kind: KindCheckpoint}
	r.Config = keymap.Summary(r.coreModel(folder))
	for _, file := range checkpoint.Files {
		r.warnUnsummed(file)
	}
	for i, t := range checkpoint.Tensors {
		for k := range checkpoint.Parts[i] {
			part := &checkpoint.Parts[i][k]
			name := t.Name
			if len(t.Chunks) > 1 {
				name += " " + t.Chunks[k].String()
			}
			r.add(hf.Entry{Name: name, DType: part.DType.String(), Shape: part.Shape, Bytes: part.Bytes(),
				File: part.File, Tensor: part})
		}
	}
	return r, nil
}

// coreModel returns the model's part of a config.json of OLMo-core, nil if there is none.
func (r *Report) coreModel(folder string) map[string]any {
	text, err := regular.Read(filepath.Join(folder, olmocore.ConfigFile), olmocore.MaxConfig)
	if err != nil {
		r.Warnings = append(r.Warnings, olmocore.ConfigFile+" cannot be read: "+fault.Cause(err))
		return nil
	}
	config, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	if err != nil {
		r.Warnings = append(r.Warnings, olmocore.ConfigFile+" cannot be read")
		return nil
	}
	model, _ := config["model"].(map[string]any)
	return model
}
