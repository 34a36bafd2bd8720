package inspect

import (
	"path/filepath"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

// indexed reports whether a folder is a checkpoint of OLMo-core, or any other that
// torch.distributed.checkpoint wrote.
func indexed(path string) bool {
	_, ok := olmocore.Index(path)
	return ok
}

// openCore reads the index of a distributed checkpoint and the headers of its items,
// and the model's part of its config.json if there is one. Each chunk is told by
// itself where a tensor is cut into several, tied tensors under both names.
func openCore(folder string) (*Report, error) {
	at, _ := olmocore.Index(folder)
	checkpoint, err := dcp.Open(at)
	if err != nil {
		return nil, err
	}
	r := &Report{Path: folder, Kind: KindCheckpoint, Config: keymap.Summary(nil)}
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
	text, err := regular.Read(filepath.Join(folder, olmocore.ConfigFile), olmocore.LargestConfig)
	if err != nil {
		r.Warnings = append(r.Warnings, olmocore.ConfigFile+" cannot be read: "+fault.Cause(err))
		return r, nil
	}
	config, err := hf.ReadObject(text)
	if err != nil {
		r.Warnings = append(r.Warnings, olmocore.ConfigFile+" cannot be read")
		return r, nil
	}
	model, _ := config["model"].(map[string]any)
	r.Config = keymap.Summary(model)
	return r, nil
}
