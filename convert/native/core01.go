package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// What ai2-olmo-core 0.1.0 calls its files, and bounds on what is read of its index: a
// checkpoint of a thousand ranks has a hundred million bytes of it.
const (
	shardIndex     = "metadata.json"
	maxShardIndex  = 256 << 20
	maxPickledBlob = 16 << 20
)

var shardFile = regexp.MustCompile(`^rank_(0|[1-9]\d{0,8})\.safetensors$`)

// shardedState is an index of ai2-olmo-core 0.1.0: how each tensor is cut.
type shardedState struct {
	Tensors map[string]struct {
		Shape []int64               `json:"shape"`
		DType string                `json:"dtype"`
		Files map[string]*shardSpec `json:"shard_spec_per_file"`
	} `json:"tensors"`
}

// shardSpec is which part of a tensor a file has: ranges of its elements, or a block.
type shardSpec struct {
	Flat  [][2]int64 `json:"flattened_offsets"`
	Shape []int64    `json:"local_shape"`
	Start []int64    `json:"global_offset"`
}

// readShards reads a checkpoint that ai2-olmo-core 0.1.0 saved: safetensors files of the
// ranks, for the model and for the optimizer, each with an index.
func readShards(o *opener) error {
	var faults fault.List
	faults.Add("", o.trainFiles())
	model, err := readShardSet(o, "model")
	faults.Add("", err)
	var optim map[string]*sharded.Tensor
	if !o.modelOnly {
		optim, err = readShardSet(o, "optim")
		faults.Add("", err)
	}
	if len(faults) > 0 {
		return faults
	}
	for name, t := range model {
		o.model.Tensors()[name] = t
	}
	return addShardedOptim(o, optim)
}

// countShards checks that each rank has its files, once the number of ranks is known.
func countShards(o *opener) error {
	var faults fault.List
	for _, folder := range []string{"model", "optim"} {
		faults.Add("", checkRanks(o, o.path(folder), ranks(o.path(folder), shardFile), o.c.World))
	}
	return faults.Err()
}

// readShardSet reads one index and the headers of the files of all ranks.
func readShardSet(o *opener, folder string) (map[string]*sharded.Tensor, error) {
	dir := o.path(folder)
	text, err := regular.Read(filepath.Join(dir, shardIndex), maxShardIndex)
	name := folder + "/" + shardIndex
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fault.Fault{File: name, Problem: "does not exist", Hint: copyWhole}
	}
	if err != nil {
		return nil, &fault.Fault{File: name, Problem: "cannot be read: " + fault.Cause(err)}
	}
	var state shardedState
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, &fault.Fault{File: name, Problem: "is not valid JSON: " + err.Error(),
			Hint: "The file is damaged or not complete: copy it again."}
	}
	found := ranks(dir, shardFile)
	if err := checkRanks(o, dir, found, o.c.World); err != nil {
		return nil, err
	}
	files := map[string]map[string]*tensor.Tensor{}
	for _, path := range found {
		if files[filepath.Base(path)], err = readShardHeader(o, path); err != nil {
			return nil, err
		}
	}
	var faults fault.List
	full := map[string]*sharded.Tensor{}
	for key, spec := range state.Tensors {
		t := &sharded.Tensor{Tensor: tensor.Tensor{Name: key, DType: safetensors.DType(spec.DType), Shape: spec.Shape}}
		for file, part := range spec.Files {
			faults.Add("", addShard(t, folder, file, files[file], part))
		}
		full[key] = t
	}
	return full, faults.Err()
}

func readShardHeader(o *opener, path string) (map[string]*tensor.Tensor, error) {
	f, err := o.Open(path)
	if err != nil {
		return nil, err
	}
	defer o.Done(path)
	tensors, err := safetensors.Open(f.File, f.Source)
	byName := map[string]*tensor.Tensor{}
	for i := range tensors {
		byName[tensors[i].Name] = &tensors[i]
	}
	return byName, err
}

// addShard adds the part of a tensor that a file has. A rank whose part is empty may
// leave the tensor out.
func addShard(t *sharded.Tensor, folder, file string, in map[string]*tensor.Tensor, spec *shardSpec) error {
	broken := func(problem string) error {
		return &fault.Fault{File: folder + "/" + file, Tensor: t.Name, Problem: problem}
	}
	data := in[t.Name]
	switch {
	case in == nil:
		return broken("is named by the index, and is missing")
	case spec == nil:
		return broken("has no place in the index")
	case data == nil && spec.empty():
		return nil
	case data == nil:
		return broken("is missing")
	case data.DType != t.DType:
		return broken(fmt.Sprintf("has another dtype than the index says: %s", data.DType))
	case spec.Flat == nil:
		if fmt.Sprint(spec.Shape) != fmt.Sprint(data.Shape) || len(spec.Start) != len(t.Shape) {
			return broken("has another shape than the index says")
		}
		t.Add(spec.Start, *data)
		return nil
	}
	t.Flat = true
	at := int64(0)
	for _, r := range spec.Flat {
		n := r[1] - r[0]
		if r[0] < 0 || n < 0 || n > data.Numel()-at {
			return broken("has another number of elements than the index says")
		}
		part := *data
		part.Shape, part.Offset = []int64{n}, data.Offset+at*data.DType.Size()
		t.Add([]int64{r[0]}, part)
		at += n
	}
	if at != data.Numel() {
		return broken("has another number of elements than the index says")
	}
	return nil
}

func (s *shardSpec) empty() bool {
	for _, r := range s.Flat {
		if r[0] != r[1] {
			return false
		}
	}
	return s.Flat != nil
}

// momentKey is what a moment is called: state.<parameter>.__<moment>.
var momentKey = regexp.MustCompile(`^state\.(.+)\.__(\w+)$`)

// addShardedOptim sorts the optimizer's entries: moments, and settings, which are pickles
// in tensors of bytes.
func addShardedOptim(o *opener, entries map[string]*sharded.Tensor) error {
	var faults fault.List
	groups := map[int]*pickle.Map{}
	for key, t := range entries {
		if m := momentKey.FindStringSubmatch(key); m != nil {
			t.Name = momentName(sharded.PlainName(m[1]), m[2])
			o.moments.Tensors()[t.Name] = t
			continue
		}
		number, isGroup := strings.CutPrefix(key, "param_group")
		n, err := strconv.Atoi(number)
		if !isGroup || err != nil || n < 0 || n > maxGroups {
			continue // num_param_groups, state_keys: known from what is there
		}
		group, err := readPickledGroup(o, t)
		faults.Add("", err)
		groups[n] = group
	}
	for n := range len(groups) {
		if groups[n] == nil {
			faults = append(faults, &fault.Fault{File: "optim", Problem: fmt.Sprintf("has no param_group%d", n)})
			continue
		}
		o.c.Groups = append(o.c.Groups, groups[n])
	}
	return faults.Err()
}

// readPickledGroup reads a parameter group that was stored as the bytes of a pickle.
func readPickledGroup(o *opener, t *sharded.Tensor) (*pickle.Map, error) {
	if err := t.Settle(); err != nil {
		return nil, err
	}
	v, err := readPickled(&t.Tensor)
	if err != nil {
		return nil, err
	}
	group := pickle.AsMap(v)
	if group == nil {
		return nil, &fault.Fault{Tensor: t.Name, Problem: "is not a parameter group"}
	}
	return group, nil
}
