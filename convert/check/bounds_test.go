package check_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hf2olmo/convert/check"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// TestManyTensors checks a model.pt of 60,000 tensors that the config does not have, with an
// optimizer of as many: the work must grow with them and not with their square.
func TestManyTensors(t *testing.T) {
	const many = 60_000
	dir := fresh(t, "unsharded", "")
	weigh(func(list []held) []held {
		for i := range many {
			list = append(list, held{fmt.Sprintf("transformer.x.%d.weight", i), tensor.Float32, []int64{1},
				make([]byte, 4)})
		}
		return list
	})(t, dir)
	var names []any
	for i := range many {
		names = append(names, fmt.Sprint("p", i))
	}
	pickled("optim.pt", pickle.Dict{{Key: "state", Value: pickle.Dict{}},
		{Key: "param_groups", Value: []any{pickle.Dict{{Key: "params", Value: names}}}}})(t, dir)
	start := time.Now()
	report := run(t, dir)
	if took := time.Since(start); took > time.Minute { // it took minutes
		t.Errorf("took %v", took)
	}
	if n := report.Count(check.Error); n < many {
		t.Errorf("%d errors", n)
	}
	if n := len(report.Findings); n > 3*2000 { // of the same code and file, 2,000 are
		t.Errorf("%d findings are listed", n)
	}
	report.Lines()
}

// TestManyRanks checks a checkpoint of a thousand ranks whose states are one large file: the
// first are read, and a note says that the others were not.
func TestManyRanks(t *testing.T) {
	dir := fresh(t, "legacy", "")
	var numbers pickle.Dict
	for i := range 100_000 {
		numbers = append(numbers, pickle.Item{Key: fmt.Sprint("a", i), Value: int64(i)})
	}
	pickled("rank0.pt", pickle.Dict{{Key: "model", Value: numbers}, {Key: "optim", Value: pickle.Dict{}},
		{Key: "world_size", Value: int64(1000)}})(t, dir)
	must(t, os.Remove(filepath.Join(dir, "rank1.pt")))
	for n := 1; n < 1000; n++ {
		must(t, os.Link(filepath.Join(dir, "rank0.pt"), filepath.Join(dir, fmt.Sprintf("rank%d.pt", n))))
	}
	start := time.Now()
	report, err := check.Folder(context.Background(), dir, check.Options{})
	must(t, err)
	expect(t, report, "not-read", check.Note, "those of later ranks were not read")
	if took := time.Since(start); took > time.Minute { // it took minutes
		t.Errorf("took %v", took)
	}
}

// TestStops ends the context while a check is under way.
func TestStops(t *testing.T) {
	for _, kind := range []string{"unsharded", "legacy", "new", "local"} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if report, err := check.Folder(ctx, fresh(t, kind, ""), check.Options{Full: true}); err == nil {
			t.Errorf("%s: %+v", kind, report)
		}
	}
}
