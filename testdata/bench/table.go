package main

import (
	"fmt"
	"io"
	"slices"
)

// mostMemory is the limit of issue and README: no conversion holds more.
const mostMemory = 64 << 20

// table prints rows as they are measured, in columns of fixed width.
type table struct {
	w      io.Writer
	margin float64 // every goal of a ratio is multiplied by it
	missed int
}

const columns = "%-37s %-23s %8s %8s %7s %6s %8s %8s  %s\n"

func newTable(w io.Writer, margin float64) *table {
	fmt.Fprintf(w, columns, "work", "against", "ours s", "theirs s", "ratio", "goal", "ours cpu", "peak MB", "ok?")
	return &table{w: w, margin: margin}
}

// add prints a row: medians of the times, the median of the rounds' ratios, and the
// greatest peak of memory.
func (t *table) add(r row, ours, theirs []run) {
	var seconds, cpu, other, ratios []float64
	peak := int64(0)
	for i, o := range ours {
		seconds, cpu = append(seconds, o.seconds), append(cpu, o.cpu)
		peak = max(peak, o.peak)
		if theirs != nil {
			other = append(other, theirs[i].seconds)
			ratios = append(ratios, o.seconds/theirs[i].seconds)
		}
	}
	mine, ok := median(seconds), peak <= mostMemory
	theirSeconds, ratio, goal := "-", "-", "-"
	if theirs != nil {
		theirSeconds, ratio = fmt.Sprintf("%.2f", median(other)), fmt.Sprintf("%.2f", median(ratios))
	}
	switch {
	case r.goal > 0:
		limit := r.goal * t.margin
		if r.ours.cold { // of the disk, which two programs use in turn
			limit *= t.margin
		}
		goal = fmt.Sprintf("%.2f", limit)
		ok = ok && median(ratios) <= limit
	case r.seconds > 0:
		goal = fmt.Sprintf("%.1f s", r.seconds)
		ok = ok && mine <= r.seconds
	}
	var grown []float64 // of what is made
	for _, o := range ours {
		grown = append(grown, float64(o.grown)/float64(max(1, o.made)))
	}
	ok = ok && (r.growth == 0 || median(grown) <= r.growth)
	verdict := "ok"
	if !ok {
		verdict = "MISSED"
		t.missed++
	}
	if r.growth > 0 {
		verdict += fmt.Sprintf(" (%.2f %% more on the disk)", 100*median(grown))
	}
	if theirs != nil {
		verdict += fmt.Sprintf(" %.2f to %.2f", slices.Min(ratios), slices.Max(ratios))
	}
	against := r.against
	if against == "" {
		against = "-"
	}
	fmt.Fprintf(t.w, columns, r.work, against, fmt.Sprintf("%.2f", mine), theirSeconds, ratio, goal,
		fmt.Sprintf("%.2f", median(cpu)), fmt.Sprintf("%.0f", float64(peak)/(1<<20)), verdict)
}
