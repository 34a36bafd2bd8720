package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a subcommand before its arguments, because urfave/cli takes everything after the first
// argument for arguments. "--" ends the flags. A flag that is unknown, or whose value is missing, empty (perhaps an
// unset variable) or of another kind, is a usageError: the next word must not become its value, and what the library
// would print is not for users.
func flagsFirst(app *cli.App, args []string) ([]string, error) {
	words := args[min(1, len(args)):]
	at := slices.IndexFunc(words, func(a string) bool { return !strings.HasPrefix(a, "-") })
	if err := firstOptions(app, words, at); err != nil {
		return args, err
	}
	if at < 0 {
		return args[:min(2, len(args))], nil // of --version and --help the first counts
	}
	name, rest := words[at], words[at+1:]
	if name == "help" || name == "h" {
		if len(rest) > 0 && app.Command(rest[0]) == nil {
			return nil, noCommand(app, rest[0])
		}
		return args, nil
	}
	command := app.Command(name)
	if command == nil {
		return nil, noCommand(app, name)
	}
	var flags, arguments []string
	for i := 0; i < len(rest); i++ {
		switch a := rest[i]; {
		case a == "--":
			arguments = append(arguments, rest[i+1:]...)
			i = len(rest)
		case len(a) < 2 || a[0] != '-':
			arguments = append(arguments, a)
		default:
			flag, taken, err := readFlag(command, rest[i:])
			if err != nil {
				return nil, err
			}
			flags = append(flags, flag)
			i += taken - 1
		}
	}
	return slices.Concat(args[:1], words[:min(at, 1)], []string{name}, flags, []string{"--"}, arguments), nil
}

// firstOptions checks the words before the command, which is at that index; none if it is negative.
func firstOptions(app *cli.App, words []string, at int) error {
	if at < 0 {
		at = len(words)
	}
	for _, word := range words[:at] {
		name, _, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case !slices.Contains([]string{"version", "v", "help", "h", ""}, name):
			return misplacedOption(app, words, word)
		case joined:
			return usageError{problem: "--" + name + " takes no value"}
		}
	}
	return nil
}

// misplacedOption is the error of an option before the command. If there is no command, that of convert was meant.
func misplacedOption(app *cli.App, words []string, option string) error {
	name, _, _ := strings.Cut(option, "=")
	e := usageError{problem: "there is no option " + name + " before the command"}
	at := slices.IndexFunc(words, func(w string) bool { return app.Command(w) != nil })
	command := "convert"
	switch {
	case at >= 0:
		command = words[at]
		words = slices.Concat(words[:at], words[at+1:])
	case !slices.ContainsFunc(app.Command(command).Flags, func(f cli.Flag) bool {
		return slices.Contains(f.Names(), strings.TrimLeft(name, "-"))
	}):
		return e
	}
	e.hint = "Options follow the command: hf2olmo " + command + " " + strings.Join(words, " ")
	return e
}

// readFlag returns the flag at the beginning of words as one word, and of how many words it was made.
func readFlag(command *cli.Command, words []string) (flag string, taken int, err error) {
	name, value, joined := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
	wrong := func(format string, args ...any) (string, int, error) {
		return "", 0, usageError{command: command.Name, problem: fmt.Sprintf(format, args...)}
	}
	isNamed := func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }
	flags := append(slices.Clone(command.Flags), cli.HelpFlag)
	known := slices.IndexFunc(flags, isNamed)
	if known < 0 || strings.HasPrefix(words[0], "---") {
		return "", 0, noOption(command, strings.TrimSuffix(words[0], "="+value))
	}
	if isToggle(flags[known]) {
		if joined {
			return wrong("--%s takes no value", name)
		}
		return "--" + flags[known].Names()[0], 1, nil
	}
	dashes := words[0][:len(words[0])-len(strings.TrimLeft(words[0], "-"))]
	taken = 1
	if !joined && len(words) > 1 && !strings.HasPrefix(words[1], "--") {
		value, taken = words[1], 2
	}
	if value == "" {
		return wrong("%s%s needs a value", dashes, name)
	}
	if _, isNumber := flags[known].(*cli.IntFlag); isNumber {
		number, err := strconv.Atoi(value)
		if err != nil {
			return wrong("--%s %s: expected a number", name, value)
		}
		value = strconv.Itoa(number) // 08 is octal to the library
	}
	return "--" + flags[known].Names()[0] + "=" + atHome(value), taken, nil
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

const noClone = "no-clone"

// noCloneFlag is --no-clone of a command that copies tensors.
func noCloneFlag() cli.Flag {
	return toggle(noClone, "write all bytes, also where the file system could share the source's")
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

// dtypeFlag is --dtype of a command that writes tensors.
func dtypeFlag() cli.Flag {
	return &cli.StringFlag{Name: "dtype", Value: "auto", Usage: "`TYPE` of all tensors: auto (as they are), float32, " +
		"bfloat16 or float16; fp32, bf16 and fp16 for short"}
}

// shortDTypes are other names of types.
var shortDTypes = map[string]string{"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}

// outputFlag is --output of a command that writes folders.
func outputFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: usage}
}
