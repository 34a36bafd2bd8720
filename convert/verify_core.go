package convert

import (
	"bytes"
	"path/filepath"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// openCore reads a checkpoint of OLMo-core, whose index stands in the folder at. Of
// what it holds, the model's tensors are compared.
func openCore(path, at string) (*native, error) {
	checkpoint, err := dcp.Open(at)
	if err != nil {
		return nil, err
	}
	n := &native{target: "olmo-core", folder: path, bytes: checkpoint.Bytes, files: checkpoint.Files}
	for i, t := range checkpoint.Tensors {
		name, ok := strings.CutPrefix(t.Name, olmocore.ModelPrefix+".")
		if !ok {
			n.trained = true
			continue
		}
		parts, ok := checkpoint.Rows(i)
		if !ok {
			return nil, &fault.Fault{File: at, Tensor: t.Name, Problem: "is cut along more than its first dimension, and cannot be compared",
				Hint: "Save it from one rank, or without tensor parallelism."}
		}
		n.tensors = append(n.tensors, stored{name, t.Shape, tensor.Content{DType: t.DType, Parts: parts}})
	}
	n.trained = n.trained || len(checkpoint.Others) > 0
	return n, nil
}

// compareCoreRest compares the config; and the indexes, where a conversion wrote them:
// a trainer cuts tensors in another way.
func (v *verifier) compareCoreRest() error {
	r := v.result
	r.Trained = len(v.structural) == 0 && r.Differing > 0 && v.native.trained
	if len(v.structural) > 0 {
		return nil // the files to compare with cannot be made
	}
	if err := v.trainer.layOut(v.Conversion); err != nil {
		return err
	}
	for _, f := range v.small {
		if f.name != olmocore.ConfigFile && v.recorded == nil {
			continue
		}
		found, err := regular.Read(filepath.Join(v.native.folder, filepath.FromSlash(f.name)), largestSmall)
		switch {
		case err != nil:
			v.fileDiffers(f.name, "as convert writes it", missing)
		case !bytes.Equal(found, f.data):
			v.fileDiffers(f.name, "as convert writes it", "other contents")
		}
	}
	return nil
}
