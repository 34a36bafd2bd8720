package convert

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// openCore reads a checkpoint of OLMo-core, whose index stands in the folder at. Of
// what it holds, the model's tensors are compared.
func openCore(folder, at string) (*native, error) {
	checkpoint, err := dcp.Open(at)
	if err != nil {
		return nil, err
	}
	n := &native{target: "olmo-core", folder: folder, bytes: checkpoint.Bytes, files: checkpoint.Files}
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
		for k, c := range t.Chunks {
			file := checkpoint.Parts[i][k].File
			n.frames = append(n.frames, frame{path: file.Path, name: file.Name, offset: c.Offset, size: c.Bytes})
		}
	}
	slices.SortFunc(n.frames, func(a, b frame) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(a.offset, b.offset))
	})
	n.frames = slices.Compact(n.frames) // tied tensors have the same
	n.trained = n.trained || len(checkpoint.Blobs) > 0
	n.index = &checkpoint.Metadata
	return n, nil
}

// renameIndexes gives the indexes that convert would write the name that the model had
// when it was converted: it may lie in another folder now.
func (v *verifier) renameIndexes() error {
	id := v.native.index.ID
	if id == v.checkpointID() {
		return nil
	}
	plan, err := dcp.NewPlan(coreTrainer{}.entries(v.Conversion))
	if err != nil {
		return err
	}
	indexes, err := indexFiles(&plan.Metadata, id)
	for _, index := range indexes {
		for i := range v.small {
			if v.small[i].Name == index.Name {
				v.small[i] = index
			}
		}
	}
	return err
}

// compareIndexes compares the two indexes of a checkpoint: the trainer reads the inner
// one, and whatever is given the checkpoint's own folder the outer.
func (v *verifier) compareIndexes() {
	inner := filepath.Join(v.native.folder, olmocore.ModelFolder)
	if !regular.Is(v.inFolder(dcp.MetadataFile)) || !regular.Is(filepath.Join(inner, dcp.MetadataFile)) {
		return // there is one alone
	}
	other, err := dcp.OpenIndex(inner)
	name := path.Join(olmocore.ModelFolder, dcp.MetadataFile)
	if err != nil {
		v.fileDiffers(name, "an index", err.Error())
		return
	}
	for i := range v.native.index.Tensors {
		chunks := v.native.index.Tensors[i].Chunks
		for k := range chunks {
			chunks[k].File = strings.TrimPrefix(chunks[k].File, olmocore.ModelFolder+"/")
		}
	}
	if !reflect.DeepEqual(v.native.index, other) {
		v.fileDiffers(name, "what "+dcp.MetadataFile+" names", "other tensors or other places")
	}
}

// compareCoreRest compares the config; and the indexes, where a conversion wrote them:
// a trainer cuts tensors in another way.
func (v *verifier) compareCoreRest() error {
	r := v.result
	r.Trained = len(v.structural) == 0 && r.Differing > 0 && v.native.trained
	if len(v.structural) > 0 {
		return nil // the files to compare with cannot be made
	}
	if v.recorded == nil {
		v.compareIndexes()
	} else if err := v.renameIndexes(); err != nil {
		return err
	}
	for _, f := range v.small {
		if f.Name != olmocore.ConfigFile && v.recorded == nil {
			continue
		}
		most := int64(output.MaxSmall)
		if f.Name == olmocore.ConfigFile {
			most = olmocore.LargestConfig
		}
		found, err := regular.Read(v.inFolder(f.Name), most)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			v.fileDiffers(f.Name, "as convert writes it", missing)
		case err != nil:
			v.fileDiffers(f.Name, "as convert writes it", "what cannot be read: "+fault.Cause(err))
		case f.Name == olmocore.ConfigFile:
			v.compareCoreConfig(f.Data, found)
		case !bytes.Equal(found, f.Data):
			v.fileDiffers(f.Name, "as convert writes it", "other contents")
		}
	}
	return nil
}
