package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/output"
)

// What convert and export have in common: each makes a folder of each of its sources.

// folderOptions checks the options about the output of a command, whose sources are called MODEL or CHECKPOINT, and
// returns how the folders are written.
func folderOptions(c *cli.Context, source, folder string) (o output.Options, err error) {
	o = output.Options{Force: c.Bool("force"), Jobs: c.Int("jobs"), NoClone: c.Bool(noClone)}
	chosen := c.String("output")
	switch {
	case c.NArg() == 0:
		return o, usagef(c, "%s needs a %s", c.Command.Name, strings.ToUpper(source))
	case chosen != "" && c.String("into") != "":
		return o, usagef(c, "--output and --into exclude each other")
	case chosen != "" && c.NArg() > 1:
		return o, usagef(c, "--output is for one %s; use --into DIR for %d", source, c.NArg())
	case namesNothing(chosen):
		return o, usagef(c, "--output %s: give the %s a name", chosen, folder)
	case c.IsSet("jobs") && o.Jobs < 1:
		return o, usagef(c, "--jobs must be at least 1")
	}
	if name := misplacedName(c); name != "" {
		return o, usageError{c.Command.Name, name + " is not a " + source, "To name the output: --output " + name}
	}
	return o, nil
}

// eachSource does one source after the other, for each uses the disk fully, and reports what became of them. One that
// fails does not stop the rest. folder is set for each before do is called; verb is what is done to a source.
func eachSource(c *cli.Context, verb string, folder *output.Options, do func(source string, r *report)) error {
	r := &report{out: c.App.Writer, err: c.App.ErrWriter, json: c.Bool("json"), quiet: c.Bool("quiet"), models: c.NArg(),
		verb: verb}
	var progress assemble.Progress
	if !r.quiet {
		progress = newProgress(c.App.ErrWriter)
		folder.Waiting = r.waiting
	}
	outputs := claims{}
	for i, source := range c.Args().Slice() {
		if c.Context.Err() != nil {
			r.notDone(c.Args().Slice()[i:])
			break
		}
		folder.Progress = numbered(progress, i+1, c.NArg())
		folder.Claim = func(path string) error { return outputs.claim(path, source) }
		do(source, r)
	}
	return r.end()
}

// claims are the outputs of one call, each with the source that it is for. Two
// models of one name, or two revisions of one, would replace each other.
type claims map[string]string

func (c claims) claim(output, source string) error {
	if other, taken := c[output]; taken && other != source {
		return &fault.Fault{File: output, Problem: "is also the output of " + other + " in this call",
			Hint: "Convert them one by one, each with its own --output."}
	}
	c[output] = source
	return nil
}
