package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/native"
)

// nearest returns the one of the words that is most like word, "" if none is like it.
func nearest(word string, words []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, w := range words {
		if d := distance(word, w); d < least && d < len(word) {
			best, least = w, d
		}
	}
	return best
}

// didYouMean asks for a word, if there is one.
func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return "Did you mean " + word + "?"
}

// distance is the number of letters to insert, remove, replace or exchange with their neighbor to make b of a.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for k := range last {
		last[k] = k
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for k := range len(b) {
			cost := 1
			if a[i] == b[k] {
				cost = 0
			}
			row[k+1] = min(last[k]+cost, last[k+1]+1, row[k]+1)
			if i > 0 && k > 0 && a[i] == b[k-1] && a[i-1] == b[k] {
				row[k+1] = min(row[k+1], before[k-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// noCommand is the error of a word that is not a command. It may be a model.
func noCommand(app *cli.App, word string) error {
	e := usageError{problem: "there is no command \"" + word + "\""}
	var names []string
	for _, c := range app.VisibleCommands() {
		names = append(names, c.Name)
	}
	if name := nearest(word, names); name != "" {
		e.hint = "Did you mean \"hf2olmo " + name + "\"?"
	} else if hf.IsThere(word) || strings.Contains(word, "/") {
		e.hint = "Did you mean \"hf2olmo convert " + word + "\"?"
	}
	return e
}

// noOption is the error of an option that a command does not have.
func noOption(command *cli.Command, option string) error {
	e := usageError{command: command.Name, problem: command.Name + " has no option " + option}
	var names []string
	for _, f := range command.Flags {
		names = append(names, f.Names()...)
	}
	if name := nearest(strings.TrimLeft(option, "-"), names); len(name) > 1 {
		e.hint = "Did you mean --" + name + "?"
	}
	return e
}

// misplacedName returns the second of two arguments if it is not a source and the first is: then it was meant to be
// the name of the output, unless --into says where outputs go.
func misplacedName(c *cli.Context) string {
	sources := c.Args().Slice()
	if c.String("into") != "" || len(sources) != 2 || !hf.IsThere(sources[0]) || hf.IsThere(sources[1]) {
		return ""
	}
	return sources[1]
}

// latestStep returns the latest step if path is the folder of a run, and says which, and which later ones are not
// taken; else path itself.
func latestStep(c *cli.Context, path string) string {
	step, passedOver := native.Latest(path)
	if step == "" || hf.IsRun(path) {
		return path
	}
	for _, f := range passedOver {
		printf(c.App.ErrWriter, "warning: %s\n", f)
	}
	if !c.Bool("quiet") && !c.Bool("json") {
		printf(c.App.Writer, "%s: the latest step is %s\n", fault.Printable(path), fault.Printable(filepath.Base(step)))
	}
	return step
}

// namesNothing reports whether a path ends without a name for a new folder.
func namesNothing(path string) bool {
	last := filepath.Base(filepath.Clean(path))
	return path != "" && slices.Contains([]string{".", "..", string(filepath.Separator)}, last)
}

// atHome expands "~" as a shell does, if it was left to us: --output=~/x.
func atHome(path string) string {
	home, err := os.UserHomeDir()
	if err == nil && (path == "~" || strings.HasPrefix(path, "~/")) {
		return home + path[1:]
	}
	return path
}
