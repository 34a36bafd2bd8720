// Command bench compares hf2olmo with cp and with a script that uses torch. It makes its own models, alternates the
// two programs of every row of the table, and prints medians. "make bench" runs it; see -help for the options.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
)

// bench is one run of the whole table.
type bench struct {
	binary, folder, python string
	rounds                 int
	only                   string
	margin                 float64
}

func main() {
	b := bench{python: findPython()}
	flag.StringVar(&b.binary, "binary", "bin/hf2olmo", "the program to measure")
	flag.StringVar(&b.folder, "folder", "bench", "where models and outputs are written, and removed")
	flag.IntVar(&b.rounds, "rounds", 5, "how often each row is run")
	flag.StringVar(&b.only, "only", "", "run only rows that contain this text")
	size := flag.String("size", "1GB", "of the model as float32")
	strict := flag.Bool("strict", false, "exit with status 1 if a goal is missed")
	flag.Float64Var(&b.margin, "margin", 1,
		"multiply every ratio's goal by this: small models and busy machines need room")
	flag.Parse()
	bytes, err := humanize.ParseBytes(*size)
	if err != nil || bytes < 50e6 || b.rounds < 1 {
		fmt.Fprintln(os.Stderr, "bench: -size is at least 50MB, -rounds at least 1")
		os.Exit(2)
	}
	missed, err := b.run(int64(bytes))
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	case missed > 0 && *strict:
		os.Exit(1)
	}
}

// run measures every row and prints the table. It returns how many missed their goal.
func (b *bench) run(bytes int64) (missed int, err error) {
	if err := os.MkdirAll(b.folder, 0o777); err != nil {
		return 0, err
	}
	defer os.Remove(b.folder) // stays if it contains something else
	s := olmo2(bytes / 4)
	fmt.Printf("OLMo-2-1B with %d of its 16 layers: %.2f billion parameters, %s as float32, 3 shards. "+
		"%d rounds, A B A B; medians.\n",
		s.layers, float64(s.parameters())/1e9, humanize.Bytes(uint64(4*s.parameters())), b.rounds)
	fmt.Println("hf2olmo syncs what it writes, so cp and torch are timed with a sync of their files. " +
		"All sources were read once before.")
	fmt.Printf("%s/%s, %d processors.\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	t := newTable(os.Stdout, b.margin)
	for _, g := range b.groups(bytes) {
		if err := b.runGroup(g, t); err != nil {
			return t.missed, err
		}
	}
	if b.python == "" {
		fmt.Println("\nNo torch rows: no $PYTHON, and make interop was not run on this machine.")
	}
	return t.missed, nil
}

// runGroup makes the models of a group and measures its rows.
func (b *bench) runGroup(g group, t *table) error {
	if !slices.ContainsFunc(g.rows(), b.wanted) {
		return nil
	}
	if g.mount != "" {
		unmount, err := mountImage(g.mount)
		if err != nil {
			fmt.Printf("\nNo rows of shared blocks: %v\n", err)
			return nil
		}
		defer unmount()
	}
	for folder, m := range g.models {
		defer os.RemoveAll(folder)
		if err := m.write(folder); err != nil {
			return err
		}
	}
	for _, folder := range g.made {
		defer os.RemoveAll(folder)
	}
	if g.prepare != nil {
		if err := g.prepare(); err != nil {
			return err
		}
	}
	for _, r := range g.rows() {
		if !b.wanted(r) {
			continue
		}
		if err := b.runRow(r, t); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) wanted(r row) bool {
	return strings.Contains(r.work+", "+r.against, b.only) && !(r.torch && b.python == "")
}

// runRow runs both sides of a row in turn.
func (b *bench) runRow(r row, t *table) error {
	var ours, theirs []run
	rounds := b.rounds
	if r.once {
		rounds = 1
	}
	for range rounds {
		mine, err := measure(r.ours)
		if err != nil {
			return err
		}
		ours = append(ours, mine)
		if r.theirs == nil {
			continue
		}
		other, err := measure(*r.theirs)
		if err != nil {
			return err
		}
		theirs = append(theirs, other)
	}
	t.add(r, ours, theirs)
	return nil
}
