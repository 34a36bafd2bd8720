package verify

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf/layout"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/trainer"
)

// ofAny is a comparison of any two.
type ofAny struct {
	trainer.Comparison
	*meeting
	options Options
	tensors *verifier
}

// withAny compares any two models or checkpoints: tensors in the terms in which they meet, configs
// by what they compute, the optimizer's state where both have one, tokenizers.
func withAny(ctx context.Context, source, judgedAt place, o Options) (*Result, error) {
	if o.Keymap != nil {
		return nil, &fault.Fault{File: source.path, Hint: "Leave --keymap out.",
			Problem: "is not compared with a conversion, so no table is applied to it"}
	}
	optimizer := source.kind != "" && judgedAt.kind != ""
	a, err := open(ctx, source, optimizer, o)
	var faults fault.List
	faults.Add("", source.within(err))
	b, err := open(ctx, judgedAt, optimizer, o)
	faults.Add("", judgedAt.within(err))
	if len(faults) > 0 {
		return nil, faults
	}
	m, err := meet(ctx, a, b)
	if err != nil {
		return nil, err
	}
	c := &ofAny{meeting: m, options: o}
	return c.run(ctx)
}

func (c *ofAny) run(ctx context.Context) (*Result, error) {
	for _, s := range []*side{c.a, c.b} {
		if s.saved == nil {
			continue
		}
		if err := sharded.ShowCompareCopies(ctx, s.replicated(), c.options.Jobs, c.options.Progress,
			filepath.Base(s.absolute())); err != nil {
			return nil, err
		}
	}
	c.verifier()
	if err := c.comparePairs(ctx); err != nil {
		return nil, err
	}
	c.tensors.warnUnsummed()
	if err := c.tensors.compareTensors(ctx); err != nil {
		return nil, err
	}
	if err := c.compareRest(); err != nil {
		return nil, err
	}
	r := c.tensors.result
	r.Trained = c.a.model != nil && c.b.saved != nil && r.Step > 0 && len(c.tensors.structural) == 0 && r.Differing > 0
	r.Config, r.Warnings = c.Differences, append(r.Warnings, c.Warnings...)
	return r, nil
}

// replicated are the tensors of which replicas may have saved copies.
func (s *side) replicated() []*sharded.Tensor { return s.saved.Tensors() }

// verifier lays out the comparison of tensors.
func (c *ofAny) verifier() {
	c.pairMoments()
	own := slices.Concat(c.own.tensors, c.own.moments)
	r := &Result{Output: c.b.absolute(), Family: c.own.family, Tensors: len(own), Moments: len(c.own.moments),
		Parameters: assemble.Parameters(c.own.tensors), DType: assemble.DType(c.found.tensors)}
	for _, f := range c.b.files() {
		r.Bytes += f.Size
	}
	found := judged{dir: c.b.absolute(), tensors: slices.Concat(c.found.tensors, c.found.moments), sources: c.b.sources(),
		files: c.b.files()}
	if c.b.saved != nil {
		found.archives, r.Step = c.b.saved.Archives, max(0, c.b.saved.Step)
	}
	for _, f := range c.b.files() {
		if c.b.model != nil && len(f.Records) > 0 {
			found.archives = append(found.archives, sharded.Archive{File: f, Bytes: f.Size})
		}
	}
	v := &verifier{options: c.options, found: found, result: r, expected: expected{
		title: filepath.Base(c.b.absolute()), whole: c.a.path, tensors: own, sources: c.a.sources(), files: c.a.files()}}
	if recorded := folder.ReadManifest(found.dir); c.native == "" && recorded != nil && recorded.Options.MaxShard > 0 {
		v.recorded = recorded
		v.layOut = func() (files []assemble.File, err error) {
			files, _, err = layout.Weights(v.tensors, recorded.Options.MaxShard)
			return files, err
		}
	}
	c.tensors = v
}

// pairMoments leaves out the optimizer's state unless both have one, and a moment that one of the
// two trainers does not save.
func (c *ofAny) pairMoments() {
	own, found := momentNames(c.own), momentNames(c.found)
	switch {
	case len(own) == 0 && len(found) == 0:
		return
	case len(own) == 0:
		c.Warn("%s has no optimizer's state: the model alone was compared", c.a.path)
	case len(found) == 0:
		c.Warn("%s has no optimizer's state: the model alone was compared", c.b.path)
	default:
		leaveOut(&c.Comparison, own, found, c.own, c.a.path)
		leaveOut(&c.Comparison, found, own, c.found, c.b.path)
		return
	}
	c.own.moments, c.found.moments = nil, nil
}

// leaveOut leaves out the moments of one side that the other has of no parameter.
func leaveOut(c *trainer.Comparison, names, others []string, from *view, path string) {
	for _, name := range names {
		if slices.Contains(others, name) {
			continue
		}
		c.Warn("only %s has %s in its optimizer's state: it was not compared", path, name)
		from.moments = slices.DeleteFunc(from.moments, func(t assemble.Tensor) bool { return momentOf(t.Name) == name })
	}
}

// momentNames returns which moments a side has, sorted.
func momentNames(v *view) (names []string) {
	for i := range v.moments {
		if name := momentOf(v.moments[i].Name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func momentOf(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// comparePairs compares the tensors of each side that must be equal. A reference in which they are
// not is an error.
func (c *ofAny) comparePairs(ctx context.Context) error {
	for _, v := range []*view{c.own, c.found} {
		if len(v.pairs) == 0 {
			continue
		}
		var all []tensor.Tensor
		for _, p := range v.pairs {
			all = append(all, *p.left, *p.kept)
		}
		files, err := tensor.OpenFiles(all)
		if err != nil {
			return err
		}
		defer files.Close()
		var faults fault.List
		for _, p := range v.pairs {
			at, err := tensor.FirstDifference(ctx, files, p.left, p.kept)
			switch {
			case err != nil:
				return err
			case at < 0:
			case v == c.own:
				faults = append(faults, &fault.Fault{File: p.left.Where(), Tensor: p.left.Name, Problem: p.problem})
			default:
				c.tensors.structural = append(c.tensors.structural, TensorDifference{Tensor: p.left.Name, Source: p.kept.Name,
					Element: -1, Offset: -1, Problem: p.problem, File: p.left.Where()})
			}
		}
		if len(faults) > 0 {
			return faults
		}
	}
	return nil
}

// compareRest compares what is beside the tensors.
func (c *ofAny) compareRest() error {
	for _, v := range []*view{c.own, c.found} {
		c.Warnings = append(c.Warnings, v.warned...)
	}
	for _, name := range c.own.copies {
		if !slices.Contains(c.found.copies, name) {
			c.Warn("only %s has %s, a copy of the embedding to which config.json ties it", c.a.path, name)
		}
	}
	for _, name := range c.found.copies {
		if !slices.Contains(c.own.copies, name) {
			c.Warn("only %s has %s, a copy of the embedding to which config.json ties it", c.b.path, name)
		}
	}
	c.compareConfigs()
	c.compareSteps()
	if len(c.own.moments) > 0 {
		c.compareSettings()
	}
	return c.compareTokenizers()
}

// compareSteps compares the steps at which two checkpoints were saved.
func (c *ofAny) compareSteps() {
	if c.a.saved == nil || c.b.saved == nil || c.a.saved.Step < 0 || c.b.saved.Step < 0 {
		return
	}
	if own, found := c.a.saved.Step, c.b.saved.Step; own != found {
		c.Field(stateFile, "global_step", fmt.Sprint(own), fmt.Sprint(found))
	}
}

// stateFile is what the trainer's state is called in results.
const stateFile = "train"
