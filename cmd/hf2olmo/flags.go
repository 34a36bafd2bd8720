package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a subcommand before its arguments, because urfave/cli takes everything after the first
// argument for arguments. "--" ends the flags. A flag that is unknown, or whose value is missing or empty (perhaps an
// unset variable), is a usageError: the next word must not become its value.
func flagsFirst(app *cli.App, args []string) ([]string, error) {
	at := slices.IndexFunc(args[min(1, len(args)):], func(a string) bool { return !strings.HasPrefix(a, "-") })
	if at < 0 {
		return args, nil
	}
	command := app.Command(args[at+1])
	if command == nil {
		return args, nil
	}
	head, rest := args[:at+2], args[at+2:]
	var flags, arguments []string
	for i := 0; i < len(rest); i++ {
		switch a := rest[i]; {
		case a == "--":
			arguments = append(arguments, rest[i+1:]...)
			i = len(rest)
		case len(a) < 2 || a[0] != '-':
			arguments = append(arguments, a)
		default:
			words, err := flagWords(command, rest[i:])
			if err != nil {
				return nil, err
			}
			flags = append(flags, words...)
			i += len(words) - 1
		}
	}
	return slices.Concat(head, flags, []string{"--"}, arguments), nil
}

// flagWords returns the flag at the beginning of words, along with its value if that is the next word.
func flagWords(command *cli.Command, words []string) ([]string, error) {
	name, value, joined := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
	wrong := func(format string, args ...any) ([]string, error) {
		return nil, usageError{command: command.Name, problem: fmt.Sprintf(format, args...)}
	}
	isNamed := func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }
	known := slices.IndexFunc(append(command.Flags, cli.HelpFlag), isNamed)
	if known < 0 {
		return wrong("%s has no option %s", command.Name, strings.TrimSuffix(words[0], "="+value))
	}
	if known == len(command.Flags) || isToggle(command.Flags[known]) {
		return words[:1], nil
	}
	taken := 1
	if !joined && len(words) > 1 && !strings.HasPrefix(words[1], "--") {
		value, taken = words[1], 2
	}
	if value == "" {
		return wrong("--%s needs a value", name)
	}
	return words[:taken], nil
}

// toggle is a flag without a value. The help does not mention that it is false by default.
func toggle(name, usage string, aliases ...string) cli.Flag {
	return &cli.BoolFlag{Name: name, Aliases: aliases, Usage: usage, DisableDefaultText: true}
}

func isToggle(f cli.Flag) bool {
	_, ok := f.(*cli.BoolFlag)
	return ok
}

// jobsFlag is --jobs of a command that works on pieces of tensors in parallel.
func jobsFlag(verb string) cli.Flag {
	return &cli.IntFlag{Name: "jobs", Usage: verb + " `N` pieces in parallel, at most 64",
		DefaultText: "number of processors, at most 16"}
}

const noFollow = "no-follow"

// noFollowFlag is --no-follow of a command that reads folders that may be untrusted.
func noFollowFlag(folder string) cli.Flag {
	return toggle(noFollow, "refuse links that point outside "+folder+" (for untrusted folders)")
}

// like is the model that gives weights their config and tokenizer.
const like = "like"

// likeFlag is --like of a command that reads a model.
func likeFlag() cli.Flag {
	return &cli.StringFlag{Name: like, Usage: "take config.json and the tokenizer from `MODEL`, " +
		"which was trained, if there are none beside the weights"}
}
