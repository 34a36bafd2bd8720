package verify

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/trainer"
	"hf2olmo/convert/unshard"
)

// ofCheckpoint is a comparison with what is made of a sharded checkpoint.
type ofCheckpoint struct {
	trainer.Comparison
	source   *unshard.Unsharding
	tensors  *verifier
	found    *checkpoint
	recorded *folder.Manifest
}

// withCheckpoint compares a folder with a checkpoint of allenai/OLMo's trainer, or the latest
// one of a run.
func withCheckpoint(ctx context.Context, source, dir string, o Options) (*Result, error) {
	if o.Keymap != nil {
		return nil, &fault.Fault{File: source, Problem: "is a checkpoint, and no table is applied to it",
			Hint: "Leave --keymap out."}
	}
	found, err := openCheckpoint(ctx, dir, o.NoFollow, native.Open)
	if err != nil {
		return nil, err
	}
	recorded := folder.ReadManifest(found.Path)
	if found.Kind != native.Unsharded || recorded == nil {
		return nil, &fault.Fault{File: dir, Problem: "is not an unsharded checkpoint that was converted from another",
			Hint: "Give the folder that convert made of the checkpoint."}
	}
	v, err := newOfCheckpoint(ctx, source, found, recorded, o)
	if err != nil {
		return nil, err
	}
	if err := v.source.CompareCopies(ctx); err != nil {
		return nil, err
	}
	v.tensors.warnUnsummed()
	v.pairNumbers()
	if err := v.tensors.compareTensors(ctx); err != nil {
		return nil, err
	}
	if err := v.compareRest(); err != nil {
		return nil, err
	}
	result := v.tensors.result
	result.Config, result.Warnings = v.Differences, append(result.Warnings, v.Warnings...)
	return result, nil
}

// newOfCheckpoint opens the source and lays out what would be made of it as the folder was:
// in its dtype, and without the optimizer if there is none.
func newOfCheckpoint(ctx context.Context, source string, found *checkpoint, recorded *folder.Manifest, o Options) (
	*ofCheckpoint, error,
) {
	chosen := unshard.Options{NoFollow: o.NoFollow, NoOptimizer: !hasOptimizer(found.Path),
		Layout: recorded.Layout, Folder: output.Options{Jobs: o.Jobs, Progress: o.Progress}}
	u, err := unshard.Open(ctx, source, chosen)
	if err != nil {
		return nil, err
	}
	if chosen.DType = castTo(u.Checkpoint.Model, found.Model); chosen.DType != tensor.Invalid {
		if u, err = unshard.Open(ctx, source, chosen); err != nil {
			return nil, err
		}
	}
	content, planned := u.Content(), u.Planned()
	result := &Result{Output: found.Path, Family: string(planned.Kind), Tensors: planned.Tensors,
		Moments: planned.Tensors - len(u.Checkpoint.Model), Bytes: found.Bytes(), Parameters: planned.Parameters,
		DType: planned.DType, Step: max(0, found.Step)}
	v := &verifier{options: o, found: found.judge(), recorded: recorded, result: result,
		layOut: func() ([]assemble.File, error) { return content.Large, nil },
		expected: expected{title: content.Title, whole: "the checkpoint", tensors: u.Tensors, exact: true,
			sources: content.Sources, files: u.Checkpoint.Files}}
	return &ofCheckpoint{source: u, tensors: v, found: found, recorded: recorded}, nil
}

func hasOptimizer(dir string) bool { return regular.Is(filepath.Join(dir, olmo.OptimizerFile)) }

// castTo returns the dtype to which the tensors of a model were cast, Invalid if they were not.
func castTo(model, found []*sharded.Tensor) tensor.DType {
	own := map[string]tensor.DType{}
	for _, t := range model {
		own[t.Name] = t.DType
	}
	for _, t := range found {
		if d, both := own[t.Name]; both && d != t.DType && d.Convertible() && t.DType.Convertible() {
			return t.DType
		}
	}
	return tensor.Invalid
}

// compareRest compares what is beside the tensors.
func (v *ofCheckpoint) compareRest() error {
	entries, err := os.ReadDir(v.found.Path)
	if err != nil {
		return &fault.Fault{File: v.found.Path, Problem: "cannot be listed: " + fault.Cause(err)}
	}
	for _, e := range entries {
		if olmo.Shadows(e.Name()) {
			v.File(e.Name(), "no such file", "a file that the trainer would read instead of the .pt of its name")
		}
	}
	if err := v.compareConfig(); err != nil {
		return err
	}
	v.compareTrain()
	if hasOptimizer(v.found.Path) {
		return compareGroups(&v.Comparison, v.source.Checkpoint, v.found.Checkpoint)
	}
	if !v.recorded.Options.NoOptimizer && slices.ContainsFunc(v.recorded.Outputs,
		func(s folder.State) bool { return s.Name == olmo.OptimizerFile }) {
		v.File(olmo.OptimizerFile, "the optimizer's state", trainer.Missing)
		return nil
	}
	v.Warn("there is no %s, as --no-optimizer leaves it out: the model was compared, and no optimizer",
		olmo.OptimizerFile)
	return nil
}

// compareConfig compares config.yaml byte for byte, but for the tokenizer's name: a user may
// have to give it another.
func (v *ofCheckpoint) compareConfig() error {
	own, err := regular.Read(filepath.Join(v.source.Checkpoint.Path, olmo.ConfigFile), output.MaxSmall)
	if err != nil {
		return &fault.Fault{File: olmo.ConfigFile, Problem: "cannot be read: " + fault.Cause(err)}
	}
	found, err := regular.Read(filepath.Join(v.found.Path, olmo.ConfigFile), output.MaxSmall)
	if err != nil {
		v.File(olmo.ConfigFile, "the checkpoint's own", trainer.Missing)
		return nil
	}
	if bytes.Equal(own, found) {
		return nil
	}
	const same = "same"
	before, err := olmo.RenameTokenizer(own, same)
	after, err2 := olmo.RenameTokenizer(found, same)
	if err == nil && err2 == nil {
		own, found = before, after
	}
	if bytes.Equal(own, found) {
		return v.warnOfTokenizer()
	}
	was, is := bytes.Split(own, []byte("\n")), bytes.Split(found, []byte("\n"))
	n := 0
	for n < len(was) && n < len(is) && bytes.Equal(was[n], is[n]) {
		n++
	}
	v.Field(olmo.ConfigFile, fmt.Sprintf("line %d", n+1), line(was, n), line(is, n))
	return nil
}

func line(lines [][]byte, n int) string {
	if n >= len(lines) {
		return trainer.Missing
	}
	return shown(string(bytes.TrimSpace(lines[n])))
}

// warnOfTokenizer warns if the folder names another tokenizer than the checkpoint, unless
// --tokenizer named it.
func (v *ofCheckpoint) warnOfTokenizer() error {
	own, err := olmo.ReadConfig(v.source.Checkpoint.Path)
	if err != nil {
		return err
	}
	found, err := olmo.ReadConfig(v.found.Path)
	if err != nil {
		return err
	}
	if v.recorded.Options.Tokenizer != found.Tokenizer {
		v.Warn("%s names the tokenizer %s; the checkpoint names %s", olmo.ConfigFile, found.Tokenizer, own.Tokenizer)
	}
	return nil
}
