package native

import (
	"path/filepath"
	"strconv"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/sharded"
)

// What the names of a distributed checkpoint begin with.
const (
	modelPrefix  = "model."
	statePrefix  = "optim.state."
	groupsPrefix = "optim.param_groups"
)

// readDistributed reads a checkpoint of torch.distributed.checkpoint: an index of all
// tensors, and the items that it names.
func readDistributed(o *opener) error {
	var faults fault.List
	if o.c.Kind != CoreTrainer || !o.modelOnly && len(ranks(o.path(trainDir), rankFile)) > 0 {
		faults.Add("", o.trainFiles())
	}
	dir := index(o.Dir, o.c.Kind)
	tensors, checkpoint, err := o.Distributed(dir)
	if err != nil {
		addInside(o, &faults, dir, err)
		return faults
	}
	o.c.Index = &checkpoint.Metadata
	addInside(o, &faults, dir, checkpoint.CheckTiles(dir))
	for _, t := range tensors {
		addEntry(o, t)
	}
	if o.modelOnly {
		return faults.Err()
	}
	for _, blob := range checkpoint.Blobs {
		faults.Add("", readBlob(o, dir, blob))
	}
	return faults.Err()
}

// addInside adds faults whose files are named relative to a folder of the checkpoint.
func addInside(o *opener, faults *fault.List, dir string, err error) {
	var inside fault.List
	inside.Add("", err)
	for _, f := range inside {
		if f.File != "" {
			f.File = o.Name(filepath.Join(dir, f.File))
		}
	}
	*faults = append(*faults, inside...)
}

// addEntry adds a tensor of the model or of the optimizer. Others, such as a scheduler's
// or what a later trainer adds, are left out.
func addEntry(o *opener, t *sharded.Tensor) {
	if name, ok := strings.CutPrefix(t.Name, modelPrefix); ok {
		t.Name = name
		o.model.Tensors()[name] = t
	} else if parameter, moment, ok := cutMoment(t.Name); ok && !o.modelOnly {
		t.Name = momentName(sharded.PlainName(parameter), moment)
		o.moments.Tensors()[t.Name] = t
	}
}

// cutMoment cuts optim.state.<parameter>.<moment>.
func cutMoment(name string) (parameter, moment string, ok bool) {
	rest, ok := strings.CutPrefix(name, statePrefix)
	at := strings.LastIndexByte(rest, '.')
	if !ok || at < 0 {
		return "", "", false
	}
	return rest[:at], rest[at+1:], true
}

// readBlob reads an entry that is not a tensor: a setting of the optimizer's groups, or the
// step of a parameter as a number.
func readBlob(o *opener, dir string, b dcp.Blob) error {
	path := filepath.Join(dir, filepath.FromSlash(b.File))
	f, err := o.Open(path)
	if err != nil {
		return err
	}
	if b.Offset > f.Source.Size || b.Bytes > f.Source.Size-b.Offset {
		return &fault.Fault{File: f.Source.Name, Tensor: b.Name, Problem: "ends before an item that the index names"}
	}
	value, err := o.Saved(f, b.Offset, b.Bytes)
	if err != nil {
		return err
	}
	if parameter, moment, ok := cutMoment(b.Name); ok {
		r := &sharded.Rank{World: 1, Saved: value, File: f}
		return o.moments.Add(r, momentName(sharded.PlainName(parameter), moment), value.Value)
	}
	rest, ok := strings.CutPrefix(b.Name, groupsPrefix)
	switch {
	case !ok:
		return nil
	case rest == "":
		return o.setGroups(f.Source.Name, value.Value)
	}
	addSetting(o, strings.TrimPrefix(rest, "."), value.Value)
	return nil
}

// addSetting notes one field of a group of the optimizer: groups are numbered, or named by
// the one parameter that each has.
func addSetting(o *opener, name string, value any) {
	at := strings.LastIndexByte(name, '.')
	if at < 0 {
		return
	}
	group, field := name[:at], name[at+1:]
	if n, err := strconv.Atoi(group); err == nil && n >= 0 && n < maxGroups {
		for len(o.c.Groups) <= n {
			o.c.Groups = append(o.c.Groups, &pickle.Map{})
		}
		o.c.Groups[n].Items = append(o.c.Groups[n].Items, pickle.Pair{Key: field, Value: value})
		return
	}
	if o.c.Settings[group] == nil {
		o.c.Settings[group] = &pickle.Map{}
	}
	o.c.Settings[group].Items = append(o.c.Settings[group].Items, pickle.Pair{Key: field, Value: value})
}

// maxGroups is more parameter groups than any optimizer has.
const maxGroups = 1000
