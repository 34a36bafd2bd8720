package main

import (
	"fmt"
	"io"

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
