package check

import (
	"fmt"
	"testing"
	"time"

	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
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
	pickled("optim.pt", torchfile.Dict{{Key: "state", Value: torchfile.Dict{}},
		{Key: "param_groups", Value: []any{torchfile.Dict{{Key: "params", Value: names}}}}})(t, dir)
	start := time.Now()
	report := run(t, dir)
	if took := time.Since(start); took > 20*time.Second { // it took minutes
		t.Errorf("took %v", took)
	}
	if n := report.Count(Error); n < many {
		t.Errorf("%d errors", n)
	}
	if n := len(report.Findings); n > 3*mostListed {
		t.Errorf("%d findings are listed", n)
	}
	report.Lines()
}
