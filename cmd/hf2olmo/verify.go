package main

import (
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/trainer"
	"hf2olmo/convert/unshard"
	"hf2olmo/convert/verify"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "compare two models or checkpoints bit for bit",
		ArgsUsage: "MODEL DIR",
		Description: `MODEL is the reference, DIR is compared with it. Either may be a Hugging Face model, a sharded run of
a Hugging Face trainer, or a checkpoint of either trainer, sharded or not (of a run's folder, the
latest step). Every tensor is compared bit for bit; if DIR has a different dtype, with the cast.

   hf2olmo verify ~/models/OLMo-2-0425-1B OLMo-2-0425-1B-unsharded
   hf2olmo verify runs/OLMo-1B/step5000 step5000-unsharded
   hf2olmo verify runs/first/step1000-unsharded first-step1000-hf

If convert made DIR of MODEL, the structure of the files (names, checksums, padding) is compared too, and
the model's part of config.yaml, the tokenizer and train.pt; of a sharded checkpoint also the optimizer's
state, the parameter groups and all of config.yaml. Changes elsewhere in config.yaml are ignored; a
different load_path, a key that the trainer does not know and an edited tokenizer are warnings. A folder
that a trainer has saved since is distinguished from a damaged one.

Any other two are compared as the Hugging Face model that they are or become: configs by what they
compute, tokenizers by what they say, and the optimizer's state if both have one.

Exit status: 0 the same, 1 different, or they cannot be compared, 2 the command line is wrong.`,
		Flags: []cli.Flag{
			toggle("json", "print one JSON object on one line"),
			toggle("quiet", "print no progress, and only what differs"),
			jobsFlag("compare"),
			&cli.StringFlag{Name: "keymap", Usage: "use the table in `FILE`, if it was converted with one"},
			likeFlag(),
			noFollowFlag("MODEL or DIR"),
		},
		OnUsageError:    onUsageError,
		HideHelpCommand: true, // a model may be called "help"
		Action:          interruptible(verifyFolder),
	}
}

func verifyFolder(c *cli.Context) error {
	o := verify.Options{Jobs: c.Int("jobs"), NoFollow: c.Bool(noFollow), Like: c.String(like)}
	var err error
	switch {
	case c.NArg() != 2:
		return usagef(c, "verify needs a MODEL and a DIR")
	case c.IsSet("jobs") && o.Jobs < 1:
		return usagef(c, "--jobs must be at least 1")
	}
	if file := c.String("keymap"); file != "" {
		if o.Keymap, err = readKeymap(file); err != nil {
			return usagef(c, "--keymap %s: %v", file, err)
		}
	}
	if !c.Bool("quiet") {
		o.Progress = terminalProgress(c.App.ErrWriter)
	}
	source, folder := c.Args().Get(0), latestStep(c, c.Args().Get(1))
	latestStep(c, source) // named; verify finds it too
	if unshard.Accepts(source) {
		setMemoryGoal(checkpointGoal)
	}
	v, err := verify.Folder(c.Context, source, folder, o)
	rec := newVerifyRecord(source, folder, v, err)
	if c.Bool("json") {
		writeJSON(c.App.Writer, rec)
	}
	switch {
	case err != nil:
		printf(c.App.ErrWriter, "hf2olmo: %s: not compared with %s\n", fault.Printable(folder), fault.Printable(source))
		printFaults(c.App.ErrWriter, faultsOf(err))
		return errFailed
	case !c.Bool("quiet"):
		for _, w := range v.Warnings {
			printf(c.App.ErrWriter, "warning: %s\n", w)
		}
	}
	if !c.Bool("json") && (!v.Same() || !c.Bool("quiet")) {
		printVerification(c.App.Writer, source, v)
	}
	if !v.Same() {
		return errFailed
	}
	return nil
}

// terminalProgress is a bar on a terminal, and nothing elsewhere.
func terminalProgress(w io.Writer) assemble.Progress {
	if b := newBar(w); b != nil {
		return b
	}
	return nil
}

// newVerifyRecord is the record of a comparison, or of why there is none.
func newVerifyRecord(source, folder string, v *verify.Result, err error) verifyRecord {
	rec := verifyRecord{Source: source, Output: folder, Status: "failed", Warnings: []string{},
		Differences: []verify.TensorDifference{}, ConfigDifferences: []trainer.Difference{}}
	if err != nil {
		rec.Error = faultsOf(err).Error()
		return rec
	}
	rec.Output, rec.Tensors, rec.Differing, rec.Step = v.Output, v.Tensors, v.Differing, v.Step
	rec.Differences = append(rec.Differences, v.Differences...)
	rec.ConfigDifferences = append(rec.ConfigDifferences, v.Config...)
	rec.Cast = v.Cast
	rec.Seconds, rec.Bytes, rec.Warnings = v.Seconds, v.Bytes, append(rec.Warnings, v.Warnings...)
	switch {
	case v.Trained:
		rec.Status = "trained"
	case v.Same():
		rec.Status = "same"
	default:
		rec.Status = "differs"
	}
	return rec
}

// maxLines is how many differences people are shown; --json lists all of them.
const maxLines = 20

func printVerification(w io.Writer, source string, v *verify.Result) {
	switch {
	case v.Same():
		printf(w, "%s matches %s (%s) bit for bit\n", v.Output, fault.Printable(source), v.Family)
		printf(w, "  %s parameters in %d tensors%s, %s%s; %s in %.1f s\n", count(v.Parameters), v.Tensors,
			ofOptimizer(v.Moments), v.DType, castFrom(v.Cast), humanize.Bytes(uint64(v.Bytes)), v.Seconds)
		return
	case v.Trained:
		printf(w, "%s was trained after its conversion from %s: %d of %d tensors differ%s\n", v.Output,
			fault.Printable(source), v.Differing, v.Tensors, atStep(v.Step))
		printFields(w, v.Config)
		return
	}
	printf(w, "%s does not match %s (%s)\n", v.Output, fault.Printable(source), v.Family)
	for i, d := range v.Differences {
		if i == maxLines {
			printf(w, "  and %d more tensors (--json lists all)\n", len(v.Differences)-i)
			break
		}
		printf(w, "  %s\n", differenceLine(d))
	}
	printFields(w, v.Config)
	if v.Cast != "" {
		printf(w, "  (%s, compared with the other's %s cast to it)\n", v.DType, v.Cast)
	}
	if 2*v.Differing > v.Tensors {
		printf(w, "%d of %d tensors differ: is it a different model, or was it trained?\n", v.Differing, v.Tensors)
	}
}

// castFrom says that tensors were compared as casts of those of another dtype.
func castFrom(dtype string) string {
	if dtype == "" {
		return ""
	}
	return ", cast from " + dtype
}

func atStep(step int64) string {
	if step > 0 {
		return fmt.Sprintf(" at step %d", step)
	}
	return ""
}

func differenceLine(d verify.TensorDifference) string {
	if d.Element < 0 {
		said := d.Problem
		if d.Offset >= 0 {
			said = fmt.Sprintf("byte %d: %s", d.Offset, said)
		}
		for _, where := range []string{d.Tensor, d.File} {
			if where != "" {
				said = where + ": " + said
			}
		}
		return fault.Printable(said)
	}
	line := fmt.Sprintf("%s: differs from element %d onward", fault.Printable(d.Tensor), d.Element)
	if d.Elements == 1 {
		line = fmt.Sprintf("%s: element %d differs", fault.Printable(d.Tensor), d.Element)
	}
	if d.Offset >= 0 {
		line += fmt.Sprintf(" (byte %d of %s)", d.Offset, d.File)
	}
	if line += ", which comes from " + fault.Printable(d.Source); d.Elements > 1 {
		line += fmt.Sprintf("; %d elements in total", d.Elements)
	}
	return line
}

func printFields(w io.Writer, fields []trainer.Difference) {
	for i, d := range fields {
		if i == maxLines {
			printf(w, "  and %d more fields (--json lists all)\n", len(fields)-i)
			return
		}
		name := d.File
		if d.Field != "" {
			name += ": " + d.Field
		}
		printf(w, "  %s: expected %s, found %s\n", name, fault.Printable(d.Expected), fault.Printable(d.Found))
	}
}
