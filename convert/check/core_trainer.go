package check

import (
	"errors"
	"path"
	"path/filepath"
	"slices"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/torchfile"
)

// coreChecks are about the checkpoints of OLMo-core's own trainer.
type coreChecks struct{ *checker }

// coreTrainer is for a checkpoint of OLMo-core's own trainer: whether that one loads it.
// It silently loads tensors whose chunks leave parts out, so these are looked for.
func (c coreChecks) coreTrainer() error {
	c.add("olmo-core", about{})
	root, inner := c.dir.has(metadataFile), c.dir.has(path.Join(modelOptim, metadataFile))
	switch {
	case !root && !inner:
		c.add("metadata-missing/olmo-core", about{file: path.Join(modelOptim, metadataFile)})
	case !root && !(c.dir.has(coreState) && c.dir.has(coreMarker)):
		c.add("load-path/olmo-core", about{}, "state", coreState, "marker", coreMarker, "tensors", modelOptim)
	}
	c.checkCoreState()
	var whole *dcp.Checkpoint
	var at string
	for _, index := range []struct {
		folder string
		there  bool
	}{{"", root}, {modelOptim, inner}} {
		if !index.there {
			continue
		}
		checkpoint, err := dcp.Open(filepath.Join(c.dir.path, index.folder))
		c.addChunks(index.folder, err)
		if err == nil {
			whole, at = checkpoint, index.folder
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	if err := c.checkCoreConfig(whole, path.Join(at, metadataFile)); err != nil {
		return err
	}
	if whole != nil {
		c.checkMoments(at)
	}
	switch {
	case !c.Full:
	case whole == nil:
		c.add("not-read/tensors", about{})
	default:
		return itemChecks{c.checker, at, "olmo-core"}.checkCore(whole)
	}
	return nil
}

// checkMoments looks for tensors of the optimizer that do not fit the model's, in the folder with the index.
func (c coreChecks) checkMoments(folder string) {
	_, err := native.Open(c.ctx, filepath.Join(c.dir.path, folder))
	if err == nil || c.ctx.Err() != nil {
		return
	}
	var faults fault.List
	faults.Add("", err)
	for _, f := range faults {
		if f.Tensor != "" && !slices.Contains(stateFields, f.Tensor) {
			c.add("shards/optimizer", about{"", f.Tensor, f.Expected, f.Found}, "problem", f.Problem)
		}
	}
}

// What OLMo-core's trainer saves beside the tensors.
const (
	coreState  = "train/rank0.pt"
	coreMarker = ".metadata.json"
)

// checkCoreState checks that the trainer's state can be loaded, which OLMo-core does with weights_only=False.
func (c coreChecks) checkCoreState() {
	if !c.dir.has(coreState) {
		return
	}
	f, info, err := c.dir.open(coreState)
	var loaded *torchfile.Loaded
	if err == nil {
		defer f.Close()
		loaded, err = torchfile.Load(f, info.Size())
	}
	var stops *torchfile.LoadError
	switch {
	case errors.As(err, &stops):
		c.add("unreadable/olmo-core", about{file: coreState}, "problem", stops.Problem, "error", stops.Says,
			"tensors", modelOptim)
	case err != nil:
		c.add("unsure/olmo-core", about{file: coreState}, "cause", err)
	default:
		if foreign := c.torch.notInstalled(loaded.Names); len(foreign) > 0 {
			c.add("not-installed/olmo-core", about{file: coreState}, "classes", joined(foreign))
		}
	}
}

// addChunks adds what is wrong with the chunks of an index.
func (c coreChecks) addChunks(folder string, err error) {
	var faults fault.List
	faults.Add("", err)
	for _, f := range faults {
		id := "chunks/file"
		if f.File == metadataFile && f.Tensor != "" {
			id = "chunks/tensor"
		}
		c.add(id, about{path.Join(folder, f.File), f.Tensor, f.Expected, f.Found}, "problem", f.Problem, "hint", f.Hint)
	}
}
