// Package fault describes what is wrong with an input: which file, which tensor, what was expected, what was found,
// and what to do about it. A parser returns a *Fault or a List; the command line prints their Lines.
package fault

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// A Fault is one thing wrong with the input. Everything but Problem may be empty.
type Fault struct {
	File     string // the file concerned, as the user would name it
	Tensor   string // the tensor concerned, as the file names it
	Problem  string // what is wrong, lower case, without a full stop
	Expected string // what should be there
	Found    string // what is there
	Hint     string // what the user can do: a sentence, printed on its own line
	Lead     bool   // it explains the others, and is printed before them

	Unsupported bool // the file is valid, but this is of a kind that is not converted
}

// Error returns the fault on one line, without its hint:
//
//	file: tensor: problem: expected E, found F
func (f *Fault) Error() string {
	var b strings.Builder
	for _, part := range []string{f.File, f.Tensor} {
		if part != "" {
			b.WriteString(Printable(part))
			b.WriteString(": ")
		}
	}
	b.WriteString(Printable(f.Problem))
	switch {
	case f.Expected != "" && f.Found != "":
		b.WriteString(": expected " + Printable(f.Expected) + ", found " + Printable(f.Found))
	case f.Expected != "":
		b.WriteString(": expected " + Printable(f.Expected))
	case f.Found != "":
		b.WriteString(": found " + Printable(f.Found))
	}
	return b.String()
}

// A List collects faults, so that all are reported at once.
type List []*Fault

// Add appends what err contains: a *Fault, a List, joined errors, or any other error as the problem of a new fault in
// file. A nil err adds nothing.
func (l *List) Add(file string, err error) {
	var one *Fault
	var many List
	switch joined, ok := err.(interface{ Unwrap() []error }); {
	case err == nil:
	case ok: // before the others, which would find only one of those joined
		for _, e := range joined.Unwrap() {
			l.Add(file, e)
		}
	case errors.As(err, &many):
		*l = append(*l, many...)
	case errors.As(err, &one):
		*l = append(*l, one)
	default:
		*l = append(*l, &Fault{File: file, Problem: err.Error()})
	}
}

// Err returns the list as an error, nil if it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// maxText is how many bytes Error returns, and one more fault. No real model comes near it, but a hostile file can
// cause any number of faults with names of any length.
const maxText = 4 << 20

// Error returns one line per fault, all of them up to 4 MiB.
func (l List) Error() string {
	var b strings.Builder
	for i, f := range l.leading() {
		if i > 0 {
			b.WriteByte('\n')
		}
		if b.Len() > maxText {
			fmt.Fprintf(&b, "and %d more", len(l)-i)
			break
		}
		b.WriteString(f.Error())
	}
	return b.String()
}

// Cause returns the text of Bare.
func Cause(err error) string { return Bare(err).Error() }

// Bare removes the operation and the path from an error of package os, because faults name the file themselves.
func Bare(err error) error {
	var path *os.PathError
	var link *os.LinkError
	var call *os.SyscallError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	case errors.As(err, &call):
		return call.Err
	}
	return err
}
