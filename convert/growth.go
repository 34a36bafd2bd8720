package convert

import (
	"fmt"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/match"
	"hf2olmo/convert/tensor"
)

// growsTooMuch refuses a conversion that is far larger than the model.
func growsTooMuch(m *match.Match, large []assemble.File) error {
	source, made := int64(0), assemble.Bytes(large)
	for _, f := range m.Model.Files {
		source += f.Size
	}
	if !tensor.TooLarge(made, source) {
		return nil
	}
	zeros := int64(0)
	for i := range m.Tensors {
		for _, part := range m.Tensors[i].Content.Parts {
			if part.Filled() {
				zeros += part.Bytes()
			}
		}
	}
	if 2*zeros > made {
		return &fault.Fault{File: "config.json", Problem: fmt.Sprintf("the checkpoint would be more than %d times as "+
			"large as the model: the %s table fills in zeros", tensor.MaxGrowth, m.Family),
			Expected: fmt.Sprintf("at most %d bytes", tensor.MaxGrowth*source), Found: fmt.Sprintf("%d bytes", made)}
	}
	return &fault.Fault{File: m.Weights(), Problem: fmt.Sprintf("its tensors share their bytes: "+
		"the checkpoint would be more than %d times as large", tensor.MaxGrowth),
		Expected: fmt.Sprintf("at most %d bytes", tensor.MaxGrowth*source), Found: fmt.Sprintf("%d bytes", made),
		Hint: "Load the model with transformers, and save it with save_pretrained."}
}
