package hf

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// readRun reads the headers of a sharded run: full tensors, of which each block is in the
// file of a rank. Nothing of its optimizer is read.
func (o *opening) readRun() {
	d := o.folder
	if len(d.run.faults) > 0 {
		o.faults = append(o.faults, d.run.faults...)
		return
	}
	if d.noFollow {
		if err := regular.NoLinksOut(d.dir); err != nil {
			o.faults.Add("", err)
			return
		}
	}
	if d.names[innerFolder] && holdsWeights(d.path(innerFolder)) {
		o.warn("the shards are converted, and the whole model in the folder " + innerFolder + " is not used")
	}
	opener := sharded.Opener{Context: context.Background(), Dir: d.dir}
	defer opener.Close()
	tensors, err := o.readShards(&opener)
	if err != nil {
		o.faults.Add("", advise(d, err, ""))
		return
	}
	o.model.Files = opener.Sources()
	for _, t := range tensors {
		if t.Value != nil {
			o.add(&fault.Fault{Tensor: t.Name, Problem: "is not a tensor", Found: fmt.Sprint(t.Value)})
			continue
		}
		o.model.Shards = append(o.model.Shards, t)
		o.model.Tensors = append(o.model.Tensors, t.Tensor)
		o.model.Again = append(o.model.Again, replicas(t)...)
	}
	if n := len(o.model.Tensors) + len(o.model.Again); n > tensor.MaxTensors {
		o.add(tooMany(d.dir))
	}
	for _, file := range o.model.Files {
		if warning := file.Unsummed(); warning != "" {
			o.warn(warning)
		}
	}
}

// readShards reads the full tensors of a run by their names in the model.
func (o *opening) readShards(opener *sharded.Opener) ([]*sharded.Tensor, error) {
	d := o.folder
	if d.run.index != "" {
		return o.readDistributed(opener)
	}
	var faults fault.List
	if bad := d.checkWorld(); bad != nil {
		faults = append(faults, bad)
	}
	files := map[int]string{}
	for rank := range len(d.run.ranks) {
		name := d.run.ranks[rank]
		files[rank] = d.path(name)
		if f, _, bad := d.open(name); bad != nil {
			faults = append(faults, bad)
		} else {
			f.Close()
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return opener.StateDicts(files)
}

// worldConfig is a file in which verl says how many ranks saved the model.
const worldConfig = "fsdp_config.json"

func (d *modelFolder) checkWorld() *fault.Fault {
	if !d.names[worldConfig] {
		return nil
	}
	config, bad := d.readObject(worldConfig)
	if bad != nil {
		return bad
	}
	world, ok := config["world_size"].(int64)
	if !ok || world == int64(len(d.run.ranks)) {
		return nil
	}
	return &fault.Fault{File: worldConfig, Problem: "world_size is not the number of ranks whose files are here",
		Expected: fmt.Sprint(len(d.run.ranks)), Found: fmt.Sprint(world)}
}

// modelPrefix is what the names in a distributed checkpoint of accelerate begin with: it
// saves {"model": the state dict}.
const modelPrefix = "model."

func (o *opening) readDistributed(opener *sharded.Opener) ([]*sharded.Tensor, error) {
	d := o.folder
	o.model.Index = path.Join(d.run.index, dcp.MetadataFile)
	tensors, c, err := opener.Distributed(d.path(d.run.index))
	if err != nil {
		var faults fault.List
		faults.Add(o.model.Index, err)
		for _, f := range faults {
			if f.File != "" && !strings.Contains(f.File, "/") {
				f.File = path.Join(d.run.index, f.File)
			}
		}
		return nil, faults
	}
	var faults fault.List
	for _, t := range tensors {
		name, ok := strings.CutPrefix(t.Name, modelPrefix)
		if !ok {
			faults = append(faults, &fault.Fault{File: o.model.Index, Tensor: t.Name, Problem: "is not a tensor of a model",
				Expected: "a name that begins with " + modelPrefix})
		}
		t.Name = name
	}
	for _, blob := range c.Blobs {
		o.warn(o.model.Index + ": " + blob.Name + " is not a tensor and is left out")
	}
	slices.SortFunc(tensors, func(a, b *sharded.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return tensors, faults.Err()
}

// replicas returns a tensor again for each time that ranks saved all of it, or some of its
// blocks, once more, as HSDP and tensor parallelism do: they must be equal.
func replicas(t *sharded.Tensor) (again []tensor.Tensor) {
	at := func(b tensor.Block) string { return fmt.Sprint(b.Start, b.Data.Shape) }
	copies := map[string][]tensor.Block{}
	for _, b := range t.Copies {
		if t.Blocks == nil {
			replica := *b.Data
			replica.Name = t.Name
			again = append(again, replica)
			continue
		}
		copies[at(b)] = append(copies[at(b)], b)
	}
	for len(copies) > 0 {
		replica := t.Tensor
		replica.Blocks, replica.File = slices.Clone(t.Blocks), nil
		for i, b := range replica.Blocks {
			more := copies[at(b)]
			if len(more) == 0 {
				continue
			}
			replica.Blocks[i] = more[0]
			if replica.File == nil {
				replica.File = more[0].Data.File
			}
			if copies[at(b)] = more[1:]; len(more) == 1 {
				delete(copies, at(b))
			}
		}
		again = append(again, replica)
	}
	return again
}
