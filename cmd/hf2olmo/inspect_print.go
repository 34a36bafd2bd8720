package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/inspect"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// printReport prints the config in short, what the tensors add up to, and the tensors; of many, if asked, only what
// those of a block add up to.
func printReport(out io.Writer, r *inspect.Report, stats, byBlock bool) {
	w := bufio.NewWriter(out) // the table writes every cell by itself
	defer w.Flush()
	printf(w, "%s (%s)\n", fault.Printable(r.Path), r.Kind)
	if r.Layout != "" {
		printf(w, "  %s\n", fault.Printable(r.Layout))
	}
	printSettings(w, r.Config)
	printSettings(w, r.Values)
	if len(r.Tensors) == 0 {
		return
	}
	printTotals(w, "DTYPE", r.ByDType())
	printTotals(w, "PART", append(r.ByPart(), r.Sum()))
	if byBlock {
		printTotals(w, "BLOCK", blocks(r))
		printf(w, "\n--tensors lists all %d tensors.\n", len(r.Tensors))
		return
	}
	printTensors(w, r, stats)
}

// printSettings prints those that have a value on one line.
func printSettings(w io.Writer, settings []keymap.Setting) {
	var list []string
	for _, s := range settings {
		if s.Value != nil {
			list = append(list, fmt.Sprintf("%s %s", fault.Printable(s.Name), fault.Printable(fmt.Sprint(s.Value))))
		}
	}
	if len(list) > 0 {
		printf(w, "  %s\n", strings.Join(list, ", "))
	}
}

func printTensors(w io.Writer, r *inspect.Report, stats bool) {
	printf(w, "\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := "TENSOR\tDTYPE\tSHAPE\tPARAMETERS\tBYTES\tFILE"
	if stats {
		head += "\tMIN\tMAX\tMEAN\tNAN\tINF"
	}
	io.WriteString(table, head+"\n")
	for _, t := range r.Tensors {
		printf(table, "%s\t%s\t%s\t%d\t%d\t%s", fault.Printable(t.Name), fault.Printable(t.DType),
			tensor.ShapeString(t.Shape), t.Parameters, t.Bytes, fault.Printable(t.File))
		if stats {
			io.WriteString(table, "\t"+valueCells(t.Values))
		}
		printf(table, "\n")
	}
	table.Flush()
}

// numberedBlock matches the part of a tensor's name that names a block, up to its first number.
var numberedBlock = regexp.MustCompile(`^[^0-9]*\.[0-9]+`)

// blocks are the totals of the tensors by block, in the order of their first ones and of their numbers. The optimizer's
// are one block.
func blocks(r *inspect.Report) []inspect.Total {
	var totals []inspect.Total
	at := map[string]int{}
	for i := range r.Tensors {
		t := &r.Tensors[i]
		name := cmp.Or(numberedBlock.FindString(t.Name), t.Name)
		if t.Part == inspect.OptimizerPart {
			name = t.Part
		}
		if _, known := at[name]; !known {
			at[name] = len(totals)
			totals = append(totals, inspect.Total{Name: name})
		}
		totals[at[name]].Add(t)
	}
	first := map[string]int{} // of the blocks that differ in the number alone
	place := func(t inspect.Total) (int, int) {
		dot := strings.LastIndexByte(t.Name, '.')
		number, err := strconv.Atoi(t.Name[dot+1:])
		if err != nil {
			return at[t.Name], 0
		}
		group := t.Name[:dot+1]
		if _, known := first[group]; !known {
			first[group] = at[t.Name]
		}
		return first[group], number
	}
	for _, t := range totals { // in their order, so that first is
		place(t)
	}
	slices.SortStableFunc(totals, func(a, b inspect.Total) int {
		i, m := place(a)
		k, n := place(b)
		return cmp.Or(cmp.Compare(i, k), cmp.Compare(m, n))
	})
	return totals
}

func valueCells(v *inspect.Values) string {
	if v == nil {
		return "-\t-\t-\t-\t-"
	}
	cell := func(x *float64) string {
		if x == nil {
			return "-"
		}
		return fmt.Sprintf("%.6g", *x)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%d", cell(v.Min), cell(v.Max), cell(v.Mean), v.NaN, v.Inf)
}

func printTotals(w io.Writer, by string, totals []inspect.Total) {
	printf(w, "\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	printf(table, "%s\tTENSORS\tPARAMETERS\t\tSIZE\n", by)
	for _, t := range totals {
		printf(table, "%s\t%d\t%d\t(%s)\t%s\n", fault.Printable(t.Name), t.Tensors, t.Parameters, count(t.Parameters),
			humanize.Bytes(uint64(t.Bytes)))
	}
	table.Flush()
}
