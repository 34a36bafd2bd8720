// Package convert turns a model that was downloaded from Hugging Face into a folder
// from which a native trainer resumes. One conversion reads like this:
//
//	Prepare   hf.Open         headers only: config.json, index, shards
//	          keymap          the table of its family: config and names
//	          match           every tensor used once or left out on purpose, every shape
//	          recognise       whether the output is there already, made of the same
//	          layOut          where every byte will stand: torchfile.Plan or dcp.NewPlan
//	Write     folder.Create   a temporary folder beside the place of the output
//	          copy            byte ranges, in parallel; sums and NaN on the way
//	          readBack        what was written is opened as any reader would
//	          Commit          synced, renamed
//
// Prepare finds all that is wrong before a byte is written. What differs from one
// trainer to the other stands behind the interface trainer.
package convert

import (
	"context"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/output"
	"hf2olmo/keymap"
)

// A Conversion is a model that was checked whole and can be written.
type Conversion struct {
	Model     *hf.Model
	Family    string
	Config    []keymap.Setting  // of the native model
	Tensors   []assemble.Tensor // in the order in which they are written
	Output    string            // the absolute path of the folder
	Warnings  []string
	options   Options
	trainer   trainer
	tokenizer *hf.Tokenizer // whose tokens are counted; nil for none
	document  keymap.Object // the target's config file, where its page declares one
	out       *output.Output
	content   output.Content
	same      []pair
	fields    []keymap.Reading                  // of config.json, which whatIf may change
	suppose   func(map[string]any) *keymap.Plan // what the table would make of another config.json, nil if nothing
	large     []assemble.File                   // of the folder, with the tensors
	small     []output.Small                    // the others, in the order in which they are written
}

// Result is what a conversion wrote.
type Result struct {
	Output     string
	Family     string
	DType      string // "mixed" where tensors differ
	Parameters int64
	Tensors    int
	Bytes      int64 // of all files
	Seconds    float64
	Warnings   []string
	Command    string   // starts the training
	Advice     []string // how the folder is used from a script, a line each; nil where Command is all
	Unchanged  bool     // it was there already, and nothing was written
}

// Convert prepares and writes one model.
func Convert(ctx context.Context, source string, o Options) (*Result, error) {
	c, err := Prepare(ctx, source, o)
	if err != nil {
		return nil, err
	}
	return c.Write(ctx)
}

// Prepare reads the headers of a model and checks everything that can be known
// before a byte is written. The error is a fault.List with all that is wrong. Once the
// context has ended it returns at once: nothing was written yet, so whatever a slow disk or a
// large file keeps it with may be left where it is.
func Prepare(ctx context.Context, source string, o Options) (*Conversion, error) {
	type prepared struct {
		conversion *Conversion
		err        error
	}
	done := make(chan prepared, 1)
	go func() {
		c, err := prepare(ctx, source, o)
		done <- prepared{c, err}
	}()
	select {
	case p := <-done:
		return p.conversion, p.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func prepare(ctx context.Context, source string, o Options) (*Conversion, error) {
	tokenizer, err := FindTokenizer(o.target(), o.Tokenizer)
	if err != nil {
		return nil, err
	}
	o.Tokenizer = tokenizer
	c, err := examine(source, "", o)
	if c == nil {
		return nil, err
	}
	var faults fault.List
	faults.Add("", err)
	faults.Add("", c.openOutput(ctx))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	if err := c.trainer.layOut(c); err != nil {
		return nil, err
	}
	if err := c.growsTooMuch(); err != nil {
		return nil, err
	}
	c.describe()
	if c.out.Existing != nil {
		warnings, err := c.out.CheckExisting(&c.content)
		c.Warnings = append(c.Warnings, warnings...)
		return c, err
	}
	return c, c.compareSame(ctx)
}

// examine opens a model and matches its tensors with the table of its family. output is the
// absolute path of the checkpoint, "" for the one that the options give. The conversion is
// returned also where something is wrong with it, nil where it cannot even be read.
func examine(source, output string, o Options) (*Conversion, error) {
	var options []hf.Option
	if o.NoFollow {
		options = append(options, hf.NoFollow)
	}
	model, err := hf.Open(source, options...)
	if err != nil {
		return nil, err
	}
	c := &Conversion{Model: model, Output: output, options: o, Warnings: model.Warnings}
	if c.trainer, err = trainerNamed(o.target()); err != nil {
		return nil, err
	}
	var faults fault.List
	if output == "" { // before the table, which may ask for the tokenizer's path in it
		c.Output, err = c.trainer.outputPath(o, model.Name)
		faults.Add("", err)
	}
	plan, err := c.plan()
	faults.Add("", err)
	switch {
	case plan != nil:
		faults.Add("", c.match(plan))
	default:
		if f := c.whatIf(nil); f != nil {
			f.Lead = true
			faults = append(faults, f)
		}
	}
	return c, faults.Err()
}

// openOutput finds out whether the output's path is free, or has the same already.
func (c *Conversion) openOutput(ctx context.Context) (err error) {
	if c.Output == "" { // its fault is known
		return nil
	}
	o := &c.options
	c.out, err = output.Open(ctx, c.Output, output.Options{Force: o.Force, Jobs: o.Jobs, Progress: o.Progress,
		Waiting: o.Waiting, Claim: o.Claim, Names: names})
	return err
}

// describe puts together what the folder will contain.
func (c *Conversion) describe() {
	c.content = output.Content{
		Title: c.Model.Name, Tensors: c.Tensors, Large: c.large, Small: c.small, Sources: c.Model.Tensors,
		Recipe: c.recipe(), CheckValues: c.checkValues,
		ReadBack: func(dir string) error { return c.trainer.readBack(c, dir) },
		Damage:   func(*folder.Manifest) ([]string, []string) { return c.trainer.damage(c), nil },
	}
}

// Unchanged reports whether the output is there already, complete and made from the same:
// Write leaves it alone.
func (c *Conversion) Unchanged() bool { return c.out.Unchanged }

// Bytes returns the size of all files of the folder.
func (c *Conversion) Bytes() int64 { return c.content.Bytes() }

// Parameters returns the number of elements of all tensors, tied ones once.
func (c *Conversion) Parameters() int64 {
	n := int64(0)
	for _, t := range c.Tensors {
		if t.Same == "" {
			n += t.Content.Numel()
		}
	}
	return n
}

// DType returns the dtype of all tensors, or "mixed".
func (c *Conversion) DType() string {
	for _, t := range c.Tensors {
		if t.Content.DType != c.Tensors[0].Content.DType {
			return "mixed"
		}
	}
	return c.Tensors[0].Content.DType.String()
}

// Command is the shell command that starts training from the output.
func (c *Conversion) Command() string { return c.trainer.command(c.Output) }

// result sums up what was written.
func (c *Conversion) result(start time.Time) *Result {
	return &Result{
		Output: c.Output, Family: c.Family, DType: c.DType(), Parameters: c.Parameters(),
		Tensors: len(c.Tensors), Bytes: c.Bytes(), Seconds: time.Since(start).Seconds(),
		Warnings: c.Warnings, Command: c.Command(), Advice: c.trainer.advice(c.Output), Unchanged: c.Unchanged(),
	}
}
