package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a subcommand before its arguments: urfave/cli by
// itself takes what follows the first argument for more arguments. "--" ends the flags.
func flagsFirst(app *cli.App, args []string) []string {
	at := slices.IndexFunc(args[min(1, len(args)):], func(a string) bool { return !strings.HasPrefix(a, "-") })
	if at < 0 {
		return args
	}
	command := app.Command(args[at+1])
	if command == nil {
		return args
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
			flags = append(flags, a)
			if takesValue(command, a) && i+1 < len(rest) {
				i++
				flags = append(flags, rest[i])
			}
		}
	}
	return slices.Concat(head, flags, []string{"--"}, arguments)
}

// takesValue reports whether the value of flag a is the next word.
func takesValue(command *cli.Command, a string) bool {
	name := strings.TrimLeft(a, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, f := range command.Flags {
		if slices.Contains(f.Names(), name) {
			_, isBool := f.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false
}

// jobsFlag is --jobs of a command that does something to pieces of tensors.
func jobsFlag(verb string) cli.Flag {
	return &cli.IntFlag{Name: "jobs", Usage: verb + " `N` pieces at once", DefaultText: "as many as there are processors, at most 16"}
}
