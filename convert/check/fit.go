package check

import (
	"path"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
)

// checkFit opens the checkpoint as a conversion does, which finds what no rank notices that
// loads its own files: whether they belong together, and make up full tensors. These are
// compared with the config.
func (c shardedChecks) checkFit() {
	for _, code := range incomplete {
		if c.report.hasFinding(code) {
			return // what else does not fit follows from that
		}
	}
	if !c.Full && c.report.hasFinding("not-read/ranks") {
		return
	}
	opened, err := native.Open(c.ctx, c.dir.path)
	if c.ctx.Err() != nil {
		return
	}
	var faults fault.List
	faults.Add("", err)
	for _, f := range faults {
		c.addFault(f)
	}
	if len(faults) > 0 {
		return
	}
	c.opened = opened
	var tensors []saved
	for _, t := range opened.Model {
		tensors = append(tensors, saved{t.Name, t.Shape, t.DType})
	}
	tensorChecks{c.checker}.compare(c.indexFile(), tensors, shardedFormat)
}

// incomplete are the codes of findings that say that files are missing, surplus or damaged.
var incomplete = []string{"rank-missing", "rank-surplus", "rank-broken", "metadata-missing", "metadata-broken",
	"metadata-large", "part-missing", "part-short", "train-missing", "unreadable", "not-tensors", "unsure"}

// stateFields are those of the trainer's state that all ranks share. Each rank loads its own.
var stateFields = []string{"global_step", "epoch", "global_train_tokens_seen",
	"global_train_examples_seen_this_epoch", "world_size", "param_groups"}

// addFault adds what does not fit. The trainer looks at no other rank's state, nor at more of
// an index than it needs.
func (c shardedChecks) addFault(f *fault.Fault) {
	file, distributed := f.File, c.dir.names[metadataFile]
	if c.report.Kind == New {
		distributed = true
		if inner := path.Join(modelOptim, file); !c.dir.has(file) && c.dir.has(inner) {
			file = inner
		}
	}
	id := "shards/file"
	switch {
	case slices.Contains(stateFields, f.Tensor), f.File == trainFolder,
		distributed && f.Tensor == "" && path.Base(f.File) == metadataFile:
		id = "shards/state"
	case f.Tensor != "" && distributed:
		id = "chunks/tensor"
	case f.Tensor != "":
		id = "shards/tensor"
	}
	c.add(id, about{file, f.Tensor, f.Expected, f.Found}, "problem", f.Problem, "hint", f.Hint)
}

// indexFile is the file that says the shapes of full tensors.
func (c shardedChecks) indexFile() string {
	switch c.report.Kind {
	case Legacy:
		return rankName("", 0)
	case New:
		return path.Join(modelOptim, metadataFile)
	case Local:
		return "model"
	}
	if c.dir.names[metadataFile] {
		return metadataFile
	}
	return "model/metadata.json"
}
