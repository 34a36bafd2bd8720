package jsonfile

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/fault"
)

// Limits bound what reading a JSON file may cost. Its size alone does not: a member
// of an object that takes four bytes in the file takes a hundred in memory.
type Limits struct {
	Bytes   int64
	Members int // of all objects together
	Values  int // of all arrays and objects together
}

// MaxString is the longest string, in bytes: a decoder holds all of one, and more.
// A tokenizer's longest, its table of characters, has a million.
const MaxString = 4 << 20

// NewDecoder returns a decoder of r that gives up if l is passed.
func NewDecoder(r io.Reader, l Limits, o ...jsontext.Options) *jsontext.Decoder {
	return jsontext.NewDecoder(Bound(r, l), o...)
}

// Bound returns a reader of r that gives up if l is passed.
func Bound(r io.Reader, l Limits) io.Reader { return &bounded{r: r, Limits: l} }

// bounded passes JSON through and counts what a reader would make of it.
type bounded struct {
	r io.Reader
	Limits
	read     int64
	colons   int
	commas   int // and opening brackets
	inString bool
	length   int // of the string so far
	escaped  bool
}

// Read is r's, until a limit is passed.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for _, c := range p[:n] {
		switch {
		case b.escaped:
			b.escaped = false
		case b.inString:
			if b.length++; b.length > MaxString {
				return 0, TooMuch(MaxString, "bytes in a string")
			}
			b.escaped = c == '\\'
			b.inString = c != '"'
		case c == '"':
			b.inString, b.length = true, 0
		case c == ':':
			b.colons++
		case c == ',' || c == '[' || c == '{':
			b.commas++
		}
	}
	b.read += int64(n)
	switch {
	case b.read > b.Bytes:
		return 0, TooMuch(b.Bytes, "bytes")
	case b.colons > b.Members:
		return 0, TooMuch(int64(b.Members), "members of objects")
	case b.commas > b.Values:
		return 0, TooMuch(int64(b.Values), "values")
	}
	return n, err
}

// An excess is what is said of a file that passes a limit.
type Excess string

func (e Excess) Error() string { return string(e) }

// TooMuch is the error of more than limit of something.
func TooMuch(limit int64, what string) error {
	return Excess(fmt.Sprintf("contains more than any model needs: expected at most %d %s", limit, what))
}

// TooLarge returns the fault of a file that is larger than l allows, nil for any other.
func TooLarge(name string, size int64, l Limits) *fault.Fault {
	if size <= l.Bytes {
		return nil
	}
	return &fault.Fault{File: name, Problem: "is too large", Expected: fmt.Sprintf("at most %d bytes", l.Bytes),
		Found: fmt.Sprintf("%d bytes", size)}
}

// Bare is fault.Bare, but an Excess is returned by itself.
func Bare(err error) error {
	var e Excess
	if errors.As(err, &e) { // the decoder wraps it
		return e
	}
	return fault.Bare(err)
}
