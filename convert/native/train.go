package native

import (
	"fmt"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

// counters are the numbers of the trainer's state on which all ranks agree.
var counters = []string{"global_step", "epoch", "global_train_tokens_seen", "global_train_examples_seen_this_epoch"}

// trainFiles reads train/rank<N>.pt, one file per rank.
func (o *opener) trainFiles() error {
	found := ranks(o.path(trainDir), rankFile)
	if err := countTrainFiles(o, found); err != nil {
		return err
	}
	return readTrainStates(o, found)
}

// readTrainStates reads train/rank<N>.pt of all ranks.
func readTrainStates(o *opener, found map[int]string) error {
	var faults fault.List
	for n := range o.c.World {
		_, top, err := o.saved(found[n])
		if err == nil {
			err = o.trainState(found[n], top)
		}
		faults.Add("", err)
		o.Done(found[n])
	}
	return faults.Err()
}

// countTrainFiles notes the number of ranks, and checks that each has its file in train.
func countTrainFiles(o *opener, found map[int]string) error {
	if len(found) == 0 {
		return &fault.Fault{File: trainDir, Problem: "has no rank<N>.pt with the trainer's state", Hint: copyWhole}
	}
	return countRanks(o, o.path(trainDir), found)
}

// trainState checks the state of one rank against those before it, and keeps rank 0's.
func (o *opener) trainState(path string, state *pickle.Map) error {
	name := o.Name(path)
	world := state.Get("world_size")
	if o.c.Kind == CoreTrainer && world == int64(0) {
		world = nil // of another trainer's run: see package olmocore
	}
	if world != nil && world != int64(o.c.World) && o.c.Kind.Sharded() {
		return differs(name, "world_size", "was saved by a run of another number of ranks", o.c.World, world)
	}
	if o.c.Train == nil {
		o.c.Train = state
		step, ok := state.Get("global_step").(int64)
		if (!ok || step < 0) && o.c.Kind.Sharded() {
			return &fault.Fault{File: name, Tensor: "global_step", Problem: "is missing, or not the number of a step"}
		}
		if named := stepOf(o.Dir); named >= 0 && named != step {
			bad := differs(name, "global_step", "is not the step of the folder's name", named, step)
			bad.Hint = fmt.Sprintf("Either the folder was renamed from step%d, or its files are of another checkpoint.", step)
			return bad
		}
		o.c.Step = step
		return nil
	}
	for _, key := range counters {
		if first, own := o.c.Train.Get(key), state.Get(key); !sameValue(first, own, 0) {
			return differs(name, key, "differs from rank 0's: the files are of two checkpoints", first, own)
		}
	}
	return nil
}

func differs(file, field, problem string, expected, found any) *fault.Fault {
	shown := func(v any) string {
		switch v.(type) {
		case nil:
			return "none"
		case int, int64:
			return fmt.Sprint(v)
		}
		return "not a number"
	}
	return &fault.Fault{File: file, Tensor: field, Problem: problem, Expected: shown(expected), Found: shown(found)}
}

// setGroups keeps the optimizer's parameter groups of the first rank, and compares
// those of the others with them.
func (o *opener) setGroups(file string, v any) error {
	list, _ := v.(*pickle.List)
	if list == nil {
		return &fault.Fault{File: file, Tensor: "param_groups", Problem: "is not a list"}
	}
	var groups []*pickle.Map
	for _, item := range list.Items {
		group := pickle.AsMap(item)
		if group == nil {
			return &fault.Fault{File: file, Tensor: "param_groups", Problem: "is not a list of dicts"}
		}
		groups = append(groups, group)
	}
	if o.c.Groups == nil {
		o.c.Groups = groups
		return nil
	}
	same := func(a, b *pickle.Map) bool { return sameValue(a, b, 0) }
	if !slices.EqualFunc(o.c.Groups, groups, same) {
		return &fault.Fault{File: file, Tensor: "param_groups",
			Problem: "differs from rank 0's: the files are of two checkpoints"}
	}
	return nil
}

// maxDepth is how deep values are compared; parameter groups are lists of dicts of lists.
const maxDepth = 8

// sameValue compares two outlined values: numbers, texts, lists and dicts of them.
// Objects are the same if their classes are.
func sameValue(a, b any, depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch a := a.(type) {
	case *pickle.List:
		b, ok := b.(*pickle.List)
		return ok && slices.EqualFunc(a.Items, b.Items, func(x, y any) bool { return sameValue(x, y, depth+1) })
	case *pickle.Map:
		b, ok := b.(*pickle.Map)
		return ok && slices.EqualFunc(a.Items, b.Items, func(x, y pickle.Pair) bool {
			return x.Key == y.Key && sameValue(x.Value, y.Value, depth+1)
		})
	case *pickle.Object:
		b, ok := b.(*pickle.Object)
		return ok && a.Class == b.Class
	}
	return a == b
}
