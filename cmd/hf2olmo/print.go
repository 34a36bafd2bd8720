package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"

	"hf2olmo/convert/fault"
)

// printf is fmt.Fprintf for people. Strings among args may come from untrusted files and names, so each stays on its
// line, and what a terminal might act on is escaped. Everything but JSON is printed by it.
func printf(w io.Writer, format string, args ...any) {
	shown := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			shown[i] = fault.OneLine(v)
		case error:
			shown[i] = fault.OneLine(v.Error())
		case fmt.Stringer:
			shown[i] = fault.OneLine(v.String())
		default:
			shown[i] = arg
		}
	}
	fmt.Fprintf(w, format, shown...)
}

// count writes a number of parameters as the field does: 1.48 B.
func count(n int64) string {
	value, unit := humanize.ComputeSI(float64(n))
	switch unit {
	case "G":
		unit = "B"
	case "k":
		unit = "K"
	}
	return strings.TrimSpace(humanize.FtoaWithDigits(value, 2) + " " + unit)
}

// columnsOf returns how wide the terminal is that w prints on, 0 if it is none.
func columnsOf(w io.Writer) int {
	if r, ok := w.(*results); ok {
		w = r.Writer
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 1 {
		return 80
	}
	return columns
}

// sharing says in the format how many bytes are shared, "" if none are.
func sharing(rec convertRecord, format string) string {
	if rec.SharedBytes == 0 {
		return ""
	}
	return fmt.Sprintf(format, humanize.Bytes(uint64(rec.SharedBytes)))
}
