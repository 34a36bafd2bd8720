// Package native opens the checkpoints of AI2's trainers, whatever their layout: its
// model's and its optimizer's full tensors as named blocks of bytes in the files, the
// trainer's state and the step. Headers are read; no tensor's bytes are.
//
// allenai/OLMo saves unsharded checkpoints and four layouts of sharded ones, OLMo-core
// readDistributed checkpoints of its own: see Kind. What the ranks of a run saved is checked
// for belonging together: as many files as ranks, of the same step, each element of a
// tensor in exactly one of them.
//
// Sources: olmo/checkpoint.py of ai2-olmo 0.6.0, olmo_core/train/checkpoint.py and
// olmo_core/distributed/checkpoint of ai2-olmo-core 0.1.0 and 3.0.0.
package native

import (
	"cmp"
	"context"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
)

// A Checkpoint is one whose headers were read.
type Checkpoint struct {
	Path  string
	Kind  Kind
	World int   // ranks that saved it; 0 if it does not say, or is unsharded
	Step  int64 // of the run; -1 if it does not say
	Model []*sharded.Tensor
	// Optim are the optimizer's tensors: by the parameter's name, then by the moment's,
	// such as exp_avg. Empty if the checkpoint has no optimizer.
	Optim  map[string]map[string]*sharded.Tensor
	Groups []*pickle.Map // the optimizer's parameter groups
	// Settings are those of a flattened optimizer, which has a group per parameter, by its name.
	Settings map[string]*pickle.Map
	Train    *pickle.Map // rank 0's trainer state, nil if there is none
	// Files are all files whose headers were read, with the checksums of their records, in the
	// order of their names, which are relative to Path.
	Files []*tensor.File
	// Archives are where torch.save's archives lie in the files, in the order of the files and
	// of their bytes; tied tensors of an index name the same one.
	Archives []sharded.Archive
	Index    *dcp.Metadata // of a distributed checkpoint, nil for any other
}

// Bytes returns the size of all files whose headers were read.
func (c *Checkpoint) Bytes() int64 {
	n := int64(0)
	for _, f := range c.Files {
		n += f.Size
	}
	return n
}

// Tensors returns the model's tensors and then the optimizer's, by name and moment, without
// numbers that were saved as Python's.
func (c *Checkpoint) Tensors() []*sharded.Tensor {
	all := slices.Clone(c.Model)
	for _, parameter := range slices.Sorted(maps.Keys(c.Optim)) {
		state := c.Optim[parameter]
		for _, moment := range slices.Sorted(maps.Keys(state)) {
			if state[moment].Value == nil {
				all = append(all, state[moment])
			}
		}
	}
	return all
}

// Open reads the headers of the checkpoint in a folder. The error is a fault.List with
// all that is wrong; its files are named relative to the folder. Every part that a rank saved
// of a tensor takes some 450 bytes of memory: 22 MB for the 50,000 of a model of 7 billion
// parameters with its optimizer on 64 ranks.
func Open(ctx context.Context, dir string) (*Checkpoint, error) { return open(ctx, dir, false) }

// OpenModel is Open for readers of the model alone: Optim, Groups and Settings stay empty,
// and of an unsharded checkpoint only the file with the model is read (ReadTrain reads its
// step), of OLMo-core's own only the index and the items.
func OpenModel(ctx context.Context, dir string) (*Checkpoint, error) { return open(ctx, dir, true) }

// Reading is what a checkpoint is opened for.
type Reading struct {
	ModelOnly bool // as OpenModel
	NoFollow  bool // refuse links that lead out of the folder
}

// Open is the function Open, or OpenModel. Once the context has ended the error is its cause.
func (r Reading) Open(ctx context.Context, dir string) (*Checkpoint, error) {
	if r.NoFollow {
		if err := regular.NoLinksOut(dir); err != nil {
			return nil, err
		}
	}
	c, err := open(ctx, dir, r.ModelOnly)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return c, err
}

// gcPercent keeps the garbage small that reading a header leaves, of which there may be a
// hundred thousand: a model of 7 billion parameters with its optimizer that 64 ranks saved is
// opened in less than 64 MB.
const gcPercent = 40

func open(ctx context.Context, dir string, modelOnly bool) (*Checkpoint, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	kind := Recognize(dir)
	o := newOpener(ctx, dir, &Checkpoint{Path: dir, Kind: kind, Step: -1,
		Optim: map[string]map[string]*sharded.Tensor{}, Settings: map[string]*pickle.Map{}})
	o.modelOnly = modelOnly
	defer o.Close()
	var err error
	switch kind {
	case Unsharded:
		err = readUnsharded(o)
	case TorchLegacy:
		err = readLegacy(o)
	case TorchNew, CoreTrainer:
		err = readDistributed(o)
	case OLMoCore:
		err = readCore(o)
	case Local:
		err = readLocal(o)
	default:
		return nil, NotFound(dir)
	}
	var faults fault.List
	faults.Add("", err)
	o.finish(&faults)
	return o.c, faults.Err()
}

// opener collects what the files of one checkpoint contain.
type opener struct {
	sharded.Opener
	c         *Checkpoint
	modelOnly bool
	model     *sharded.Set
	moments   *sharded.Set // by names as momentName makes them
}

func newOpener(ctx context.Context, dir string, c *Checkpoint) *opener {
	return &opener{Opener: sharded.Opener{Context: ctx, Dir: dir}, c: c, model: sharded.NewSet(),
		moments: sharded.NewSet()}
}

// finish puts the tensors together from their pieces.
func (o *opener) finish(faults *fault.List) {
	if len(*faults) > 0 {
		return // pieces of files that could not be read would be missing too
	}
	o.c.Files = o.Sources()
	o.c.Archives = slices.Clone(o.Archives)
	slices.SortFunc(o.c.Archives, func(a, b sharded.Archive) int {
		return cmp.Or(strings.Compare(a.File.Name, b.File.Name), cmp.Compare(a.Offset, b.Offset))
	})
	o.c.Archives = slices.Compact(o.c.Archives)
	o.model.Settle(func(err error) { faults.Add("", err) })
	o.moments.Settle(func(err error) { faults.Add("", err) })
	o.c.Model = o.model.Sorted()
	o.assignMoments(faults)
	o.c.nameRecords()
}

// momentSeparator is in no name of a parameter or a moment, and reads well in messages.
const momentSeparator = " "

func momentName(parameter, moment string) string { return parameter + momentSeparator + moment }

// assignMoments gives each moment to its parameter, whose shape it must have unless it
// is a number.
func (o *opener) assignMoments(faults *fault.List) {
	model := o.model.Tensors()
	for name, t := range o.moments.Tensors() {
		parameter, moment, _ := strings.Cut(name, momentSeparator)
		t.Name = parameter + "." + moment
		p := model[parameter]
		switch {
		case p == nil:
			faults.Add("", &fault.Fault{Tensor: t.Name, Problem: "is the optimizer's state of a parameter that the model " +
				"does not have"})
			continue
		case len(t.Shape) > 0 && !slices.Equal(t.Shape, p.Shape):
			faults.Add("", &fault.Fault{Tensor: t.Name, Problem: "has another shape than its parameter",
				Expected: tensor.ShapeString(p.Shape), Found: tensor.ShapeString(t.Shape)})
			continue
		}
		if o.c.Optim[parameter] == nil {
			o.c.Optim[parameter] = map[string]*sharded.Tensor{}
		}
		o.c.Optim[parameter][moment] = t
	}
	slices.SortFunc(*faults, func(a, b *fault.Fault) int { return strings.Compare(a.Tensor, b.Tensor) })
}
