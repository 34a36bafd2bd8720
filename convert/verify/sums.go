package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/tensor"
)

// compareSums checks the checksums that files say of their own records: a model that is
// damaged is an error, a damaged record of the folder a difference.
func (v *verifier) compareSums(ctx context.Context, files *tensor.Files) error {
	if err := files.CheckRecords(ctx, v.files...); err != nil {
		return err
	}
	err := files.CheckRecords(ctx, v.found.files...)
	var faults fault.List
	if !errors.As(err, &faults) {
		return err
	}
	r := v.result
	reported := map[string]bool{}
	for i := range r.Differences {
		reported[r.Differences[i].Tensor] = true
	}
	for _, f := range faults {
		name := strings.TrimPrefix(f.Tensor, olmocore.ModelPrefix+".")
		if !reported[name] {
			r.Differing++
			d := TensorDifference{Tensor: name, Element: -1, Offset: -1, File: f.File,
				Problem: fmt.Sprintf("%s: expected %s, found %s", f.Problem, f.Expected, f.Found)}
			r.Differences = append(r.Differences, d)
		}
	}
	return nil
}

// warnUnsummed warns of files in which damage cannot be seen.
func (v *verifier) warnUnsummed() {
	for _, files := range [][]*tensor.File{v.files, v.found.files} {
		for _, file := range files {
			if warning := file.Unsummed(); warning != "" {
				v.warn("%s", warning)
			}
		}
	}
}
