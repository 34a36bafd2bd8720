package convert

import (
	"context"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/match"
	"hf2olmo/convert/output"
	"hf2olmo/convert/targets"
	"hf2olmo/convert/trainer"
)

// A Conversion is a model that was checked whole and can be written.
type Conversion struct {
	*match.Match
	Output  string // the absolute path of the folder
	options Options
	trainer trainer.Trainer
	out     *output.Output
	content output.Content
}

// Result is what a conversion wrote.
type Result struct {
	Output     string
	Family     string
	DType      string // "mixed" where tensors differ
	Parameters int64
	Tensors    int
	Bytes      int64 // of all files
	Shared     int64 // bytes of them that are on the disk once, for the source too
	Seconds    float64
	LeftOut    []match.LeftOut
	Warnings   []string
	Command    string   // starts the training
	Advice     []string // how the folder is used from a script, a line each; nil where Command is all
	Since      string   // the trainer's first release that builds the model; "" if it is not known
	Unchanged  bool     // it was there already, and nothing was written
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

// prepare prepares the conversion, or finds it done where an earlier version put it by default.
func prepare(ctx context.Context, source string, o Options) (*Conversion, error) {
	c, err := prepareAt(ctx, source, o)
	if err != nil || c.Unchanged() || o.Output != "" || o.Into != "" || o.Folder.Force {
		return c, err
	}
	at := o
	if at.Output = c.trainer.EarlierPath(c.Model.Name); at.Output == "" || folder.ReadManifest(at.Output) == nil {
		return c, nil
	}
	if earlier, err := prepareAt(ctx, source, at); err == nil && earlier.Unchanged() {
		return earlier, nil
	}
	return c, nil
}

func prepareAt(ctx context.Context, source string, o Options) (*Conversion, error) {
	tokenizer, err := FindTokenizer(o.target(), o.Tokenizer)
	if err != nil {
		return nil, err
	}
	o.Tokenizer = tokenizer
	c, err := examine(source, o)
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
	if err := c.layOut(); err != nil {
		return nil, err
	}
	if err := growsTooMuch(c.Match, c.content.Large); err != nil {
		return nil, err
	}
	if c.out.Existing != nil {
		warnings, err := c.out.CheckExisting(&c.content)
		c.Warnings = append(c.Warnings, warnings...)
		return c, err
	}
	return c, c.CompareSame(ctx)
}

// examine opens a model and matches its tensors with the table of its family. The conversion
// is returned also where something is wrong with it, nil where it cannot even be read.
func examine(source string, o Options) (*Conversion, error) {
	model, err := hf.Open(source, o.opening()...)
	if err != nil {
		return nil, err
	}
	c := &Conversion{options: o}
	if c.trainer, err = targets.Named(o.target()); err != nil {
		return nil, err
	}
	var faults fault.List
	// Before the table, which may ask for the tokenizer's path in it.
	c.Output, err = c.trainer.FolderPath(o.Output, o.Into, model.Name)
	faults.Add("", err)
	c.Match, err = match.Of(model, match.Options{Target: o.target(), Trainer: c.trainer, Folder: c.Output,
		DType: o.DType, Tokenizer: o.Tokenizer, Table: o.Keymap})
	faults.Add("", err)
	return c, faults.Err()
}

// Check returns what is wrong with a model for a target, as far as its headers say; nil if it can be converted.
func Check(source string, o Options) error {
	_, err := examine(source, o)
	return err
}

// openOutput finds out whether the output's path is free, or has the same already.
func (c *Conversion) openOutput(ctx context.Context) (err error) {
	if c.Output == "" { // its fault is known
		return nil
	}
	o := c.options.Folder
	o.Names = targets.Files
	if c.Match != nil {
		o.Source = c.Model.Dir
	}
	c.out, err = output.Open(ctx, c.Output, o)
	return err
}

// layOut finds out what the folder will contain.
func (c *Conversion) layOut() error {
	in := c.Inputs(c.Output)
	if c.out.Existing != nil {
		in.Layout = c.out.Existing.Layout
	}
	files, err := c.trainer.Files(in)
	if err != nil {
		return err
	}
	c.content = output.Content{
		Title: c.Model.Name, Tensors: c.Tensors, Large: files.Large, Small: files.Small, Sources: c.Model.Tensors,
		Recipe: c.recipe(),
		CheckValues: func(seen *assemble.Seen) error {
			warnings, err := checkValues(c.Match, seen, c.options.AllowNaN)
			c.Warnings = append(c.Warnings, warnings...)
			return err
		},
		ReadBack: func(dir string) error { return c.trainer.ReadBack(in, files, dir) },
		Damage: func(existing *folder.Manifest) (damage, warnings []string) {
			return c.trainer.Damage(in, files, existing)
		},
	}
	return nil
}

// Unchanged reports whether the output is there already, complete and made from the same:
// Write leaves it alone.
func (c *Conversion) Unchanged() bool { return c.out.Unchanged }

// Bytes returns the size of all files of the folder.
func (c *Conversion) Bytes() int64 { return c.content.Bytes() }

// Shareable returns how many of the bytes could share the blocks of their sources, as far as that is known without
// writing.
func (c *Conversion) Shareable() int64 { return c.out.Shareable(&c.content) }

// Command is the shell command that starts training from the output.
func (c *Conversion) Command() string { return c.trainer.Command(c.Output) }

// result sums up what was written.
func (c *Conversion) result(start time.Time) *Result {
	return &Result{
		Output: c.Output, Family: c.Family, DType: c.DType(), Parameters: c.Parameters(),
		Tensors: len(c.Tensors), Bytes: c.Bytes(), Shared: c.out.Shared, Seconds: time.Since(start).Seconds(),
		LeftOut: c.LeftOut, Warnings: c.Warnings, Command: c.Command(), Advice: c.trainer.Advice(c.Output), Since: c.Since,
		Unchanged: c.Unchanged(),
	}
}
