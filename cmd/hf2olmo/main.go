// Command hf2olmo converts a downloaded Hugging Face model into a checkpoint that AI2's trainers, OLMo and OLMo-core,
// can start from. It also checks, verifies and lists checkpoints.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
)

// Exit statuses, which scripts depend on.
const (
	statusDone   = 0
	statusFailed = 1 // a model failed, or a check found an error
	statusUsage  = 2 // the command line is wrong
)

// memoryGoal is a soft limit, in bytes: near it the garbage collector works harder. Copying needs far less, but a
// hostile header may get there.
const memoryGoal = 128 << 20

// checkpointGoal is that for a sharded checkpoint. Of 64 ranks' headers far less is kept than is read.
const checkpointGoal = 36 << 20

// setMemoryGoal sets the goal, unless the user has set one.
func setMemoryGoal(bytes int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes)
	}
}

// goalFor is the goal for reading a folder: many ranks' files of pickles have large headers.
func goalFor(folder string) int64 {
	switch native.Recognize(folder) {
	case native.TorchLegacy, native.Local:
		return checkpointGoal
	}
	return memoryGoal
}

func main() {
	os.Exit(run(os.Args, os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	setMemoryGoal(memoryGoal)
	ctx, stop := withSignals(context.Background(), stderr)
	defer stop()
	out := &results{Writer: stdout}
	app := newApp(out, stderr)
	args, err := flagsFirst(app, args)
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	var usage usageError
	var signalled signalError
	switch {
	case out.err != nil:
		status, report := out.status()
		if report {
			printf(stderr, "hf2olmo: the result cannot be written: %s\n", fault.Cause(out.err))
		}
		return status
	case err == nil:
		return statusDone
	case errors.As(context.Cause(ctx), &signalled):
		return signalled.status()
	case errors.Is(err, errFailed): // already reported
		return statusFailed
	case errors.As(err, &usage):
		printf(stderr, "hf2olmo: %s\n", err.Error())
		if usage.hint != "" {
			printf(stderr, "  %s\n", usage.hint)
		}
		printf(stderr, "See \"%s --help\".\n", strings.TrimSpace("hf2olmo "+usage.command))
		return statusUsage
	}
	printf(stderr, "hf2olmo: %s\n", err.Error())
	return statusFailed
}

// errFailed is returned by a command that has reported what failed.
var errFailed = errors.New("failed")

// usageError is an error of the command line itself.
type usageError struct {
	command string
	problem string
	hint    string // what to do about it, may be empty
}

func (e usageError) Error() string { return e.problem }

func usagef(c *cli.Context, format string, args ...any) error {
	return usageError{command: c.Command.Name, problem: fmt.Sprintf(format, args...)}
}

func newApp(stdout, stderr io.Writer) *cli.App {
	cli.HelpPrinter = printHelp
	app := &cli.App{
		Name:      "hf2olmo",
		Usage:     "convert downloaded Hugging Face models into checkpoints that OLMo and OLMo-core can start from, and back",
		UsageText: "hf2olmo COMMAND [OPTION...] [ARGUMENT...]",
		Description: "Start with: hf2olmo convert MODEL\n\n" +
			"MODEL is a folder, a weights file, or the id of a model in the local Hugging Face cache. " +
			"Nothing is ever downloaded.",
		Writer:         stdout,
		ErrWriter:      stderr,
		HideVersion:    true, // --version prints the same as the command
		Flags:          []cli.Flag{toggle("version", "print the version", "v"), cli.HelpFlag},
		ExitErrHandler: func(*cli.Context, error) {}, // run decides
		Commands: []*cli.Command{convertCommand(), exportCommand(), checkCommand(), verifyCommand(),
			inspectCommand(), keymapCommand(), listCommand(),
			relocateCommand(), completionCommand(), versionCommand(), helpCommand(), manCommand()},
		CommandNotFound:        nil,
		UseShortOptionHandling: false,
		OnUsageError:           onUsageError,
		Action: func(c *cli.Context) error {
			if c.Bool("version") {
				return printVersion(c)
			}
			if c.NArg() == 0 {
				cli.ShowAppHelp(c)
				return usageError{problem: "a command is missing"}
			}
			return noCommand(c.App, c.Args().First())
		},
	}
	for _, c := range app.Commands { // in place of the library's words
		c.UsageText = strings.TrimSpace("hf2olmo " + c.Name + " [OPTION...] " + c.ArgsUsage)
	}
	return app
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	problem := strings.ReplaceAll(err.Error(), "flag -", "--") // the library writes them as package flag does
	if c.Command.Name == c.App.Name {
		return usageError{problem: problem + "; options follow the command"}
	}
	return usageError{command: c.Command.Name, problem: problem}
}
