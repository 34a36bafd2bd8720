package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// manCommand prints the manual page, from the same texts as the help. Packages contain it; users have --help.
func manCommand() *cli.Command {
	return &cli.Command{
		Name: "man", Hidden: true, HideHelpCommand: true, OnUsageError: onUsageError,
		Usage: "print the manual page",
		Action: func(c *cli.Context) error {
			writeManual(c.App.Writer, c.App)
			return nil
		},
	}
}

func writeManual(w io.Writer, app *cli.App) {
	fmt.Fprintf(w, ".TH HF2OLMO 1 \"\" \"hf2olmo %s\" \"User Commands\"\n", version())
	fmt.Fprintf(w, ".SH NAME\nhf2olmo \\- %s\n", roff(app.Usage))
	fmt.Fprintf(w, ".SH SYNOPSIS\n%s\n", roff(app.UsageText))
	fmt.Fprintf(w, ".SH DESCRIPTION\n")
	writeProse(w, app.Description)
	fmt.Fprintf(w, ".SH COMMANDS\n")
	for _, c := range app.VisibleCommands() {
		fmt.Fprintf(w, ".SS %s\n", roff("hf2olmo "+strings.TrimSpace(c.Name+" "+c.ArgsUsage)))
		fmt.Fprintf(w, "%s.\n", roff(sentence(c.Usage)))
		writeProse(w, c.Description)
		for _, f := range c.VisibleFlags() {
			doc, ok := f.(cli.DocGenerationFlag)
			if !ok || f.Names()[0] == "help" {
				continue
			}
			names := []string{}
			for _, name := range f.Names() {
				if len(name) > 1 {
					name = "-" + name
				}
				names = append(names, "-"+name)
			}
			value := ""
			if m := placeholder.FindStringSubmatch(doc.GetUsage()); m != nil {
				value = " " + m[1]
			}
			fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(strings.Join(names, ", ")+value),
				roff(placeholder.ReplaceAllString(doc.GetUsage(), "$1")))
		}
	}
	fmt.Fprintf(w, ".SH ENVIRONMENT\nHF_HUB_CACHE, HF_HOME and XDG_CACHE_HOME say where the Hugging Face cache is.\n")
}

// writeProse writes paragraphs as they are in the help: indented ones are examples.
func writeProse(w io.Writer, text string) {
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if strings.HasPrefix(paragraph, "   ") {
			fmt.Fprintf(w, ".PP\n.nf\n%s\n.fi\n", roff(paragraph))
		} else if paragraph != "" {
			fmt.Fprintf(w, ".PP\n%s\n", roff(paragraph))
		}
	}
}

// sentence begins a text with a capital letter.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// roff escapes text for a manual page, line by line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
