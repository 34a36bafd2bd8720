// Command hf2olmo turns a Hugging Face model that is on this machine into a
// checkpoint folder from which AI2's native OLMo trainer resumes.
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
)

// Exit statuses, which scripts depend on.
const (
	statusDone   = 0
	statusFailed = 1 // a model failed, or a check found a fault
	statusUsage  = 2 // the call itself is wrong
)

// memoryGoal is what the program should stay below: the collector works harder
// near it. It needs far less for copying; a hostile header may bring it there.
const memoryGoal = 128 << 20

func main() {
	os.Exit(run(os.Args, os.Stdout, os.Stderr))
}

// run is the whole program: it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
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
	var help cli.ExitCoder // of the library's own command
	switch {
	case out.err != nil:
		status, told := out.status()
		if told {
			printf(stderr, "hf2olmo: the result cannot be written: %s\n", fault.Cause(out.err))
		}
		return status
	case err == nil:
		return statusDone
	case errors.As(context.Cause(ctx), &signalled):
		return signalled.status()
	case errors.Is(err, errFailed): // and was told
		return statusFailed
	case errors.As(err, &help):
		usage.problem = err.Error()
		fallthrough
	case errors.As(err, &usage):
		printf(stderr, "hf2olmo: %s\n", err.Error())
		if usage.hint != "" {
			printf(stderr, "  %s\n", usage.hint)
		}
		printf(stderr, "Run %s for how it is called.\n", strings.TrimSpace("hf2olmo help "+usage.command))
		return statusUsage
	}
	printf(stderr, "hf2olmo: %s\n", err.Error())
	return statusFailed
}

// errFailed is returned by a command that has told what failed.
var errFailed = errors.New("failed")

// usageError is a call that is wrong in itself.
type usageError struct {
	command string
	problem string
	hint    string // what to do about it, or ""
}

func (e usageError) Error() string { return e.problem }

func usagef(c *cli.Context, format string, args ...any) error {
	return usageError{command: c.Command.Name, problem: fmt.Sprintf(format, args...)}
}

func newApp(stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:                   "hf2olmo",
		Usage:                  "from a downloaded Hugging Face model to a native OLMo training run",
		UsageText:              "hf2olmo COMMAND [OPTION...] [ARGUMENT...]",
		Description:            "Start with: hf2olmo convert MODEL\nMODEL is a folder, a weights file, or the id of a model in the local Hugging Face cache. Nothing is ever downloaded.",
		Writer:                 stdout,
		ErrWriter:              stderr,
		HideVersion:            true, // by --version the same is printed as by version
		Flags:                  []cli.Flag{toggle("version", "print the version", "v")},
		ExitErrHandler:         func(*cli.Context, error) {}, // run decides
		Commands:               []*cli.Command{convertCommand(), checkCommand(), verifyCommand(), inspectCommand(), keymapCommand(), completionCommand(), versionCommand()},
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
			return usageError{problem: fmt.Sprintf("no command is called %q", c.Args().First())}
		},
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	problem := strings.ReplaceAll(err.Error(), "flag -", "--") // the library names them as Go's own package does
	if c.Command.Name == c.App.Name {
		return usageError{problem: problem + "; options follow the command"}
	}
	return usageError{command: c.Command.Name, problem: problem}
}
