package main

import (
	"bytes"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

// helpCommand replaces the library's own, whose words are not ours.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name:            "help",
		Usage:           "print the help of a command",
		ArgsUsage:       "[COMMAND]",
		OnUsageError:    onUsageError,
		HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			name := c.Args().First()
			switch {
			case c.NArg() > 1:
				return usagef(c, "help takes one COMMAND at most")
			case name == "":
				return cli.ShowAppHelp(c)
			case c.App.Command(name) == nil:
				return noCommand(c.App, name)
			}
			return cli.ShowCommandHelp(c, name)
		},
	}
}

// printHelp prints what the library makes of a command, no wider than the terminal.
func printHelp(w io.Writer, template string, data any) {
	var text bytes.Buffer
	cli.HelpPrinterCustom(&text, template, data, nil)
	help := text.String()
	if columns := columnsOf(w); columns > 0 {
		help = fitHelp(help, columns)
	}
	io.WriteString(w, help)
}

// namedLine matches the beginning of a line that explains a name, up to the explanation.
var namedLine = regexp.MustCompile(`^ {3,}\S+(?: \S+)*  +`)

// narrow is too few columns for an explanation beside its name.
const narrow = 24

// fitHelp breaks the lines of a help text at spaces. The lines of a paragraph, which are indented by three, are joined
// first; examples, which are indented by more, stay as they are.
func fitHelp(text string, columns int) string {
	var out strings.Builder
	var paragraph []string
	flush := func() {
		breakWords(&out, "   ", "   ", strings.Join(paragraph, " "), columns)
		paragraph = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		name := namedLine.FindString(line)
		prose := strings.HasPrefix(line, "   ") && !strings.HasPrefix(line, "    ") && name == ""
		if prose {
			paragraph = append(paragraph, line[3:])
			continue
		}
		flush()
		if name == "" || len(line) <= columns {
			out.WriteString(line + "\n")
			continue
		}
		explanation := line[len(name):]
		if columns-len(name) < narrow {
			out.WriteString(strings.TrimRight(name, " ") + "\n")
			name = strings.Repeat(" ", 8)
		}
		breakWords(&out, name, strings.Repeat(" ", len(name)), explanation, columns)
	}
	flush()
	return out.String()
}

// breakWords writes a text in lines that begin with first, and then with rest.
func breakWords(out *strings.Builder, first, rest, text string, columns int) {
	line := first
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len([]rune(line))+1+len([]rune(word)) <= columns:
			line += " " + word
		default:
			out.WriteString(line + "\n")
			line = rest + word
		}
	}
	if text != "" {
		out.WriteString(line + "\n")
	}
}
