package check_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestHeadersBeside bounds the header of a safetensors file that the trainer would read in
// place of model.pt.
func TestHeadersBeside(t *testing.T) {
	var many strings.Builder
	for i := range tensor.MaxTensors + 1 {
		fmt.Fprintf(&many, `"%x":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},`, i)
	}
	for words, members := range map[string]string{
		"more than any model needs": many.String() + `"x":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`,
		"101 dimensions":            `"x":{"dtype":"I8","shape":[` + strings.Repeat("1,", 100) + `1],"data_offsets":[0,1]}`,
	} {
		dir := fresh(t, "unsharded", "")
		header := "{" + members + "}"
		write("model.safetensors", string(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))+header)(t, dir)
		if text := fmt.Sprint(run(t, dir).Findings); !strings.Contains(text, words) {
			t.Errorf("%.300s, want %q", text, words)
		}
	}
}
