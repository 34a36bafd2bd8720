package hf

import (
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/fault"
)

// limits bound what reading a JSON file may cost. Its size alone does not: a member
// of an object that takes four bytes in the file takes a hundred in memory.
type limits struct {
	bytes   int64
	members int // of all objects together
	values  int // of all arrays and objects together
}

// What real files have: a config.json some thousand bytes; an index or a header a
// member or four for each tensor; a tokenizer.json 40 MB, with
// 300,000 tokens and twice as many merges.
var (
	configLimits    = limits{bytes: 8 << 20, members: 50_000, values: 200_000}
	indexLimits     = limits{bytes: 64 << 20, members: maxTensors + 100, values: maxTensors + 100}
	headerLimits    = limits{bytes: maxHeader, members: 4 * maxTensors, values: 10 * maxTensors}
	tokenizerLimits = limits{bytes: 64 << 20, members: 600_000, values: 10_000_000}
)

// maxString is the longest string, in bytes: a decoder holds all of one, and more.
// A tokenizer's longest, its table of characters, has a million.
const maxString = 4 << 20

// maxMerges is the most merges that a tokenizer may have, in lists of two or lines of text.
const maxMerges = 2_000_000

// maxTensors is the most tensors that a model may have. The largest that a native
// trainer knows have a few thousand.
const maxTensors = 100_000

// newDecoder returns a decoder of r that gives up where l is passed.
func newDecoder(r io.Reader, l limits, o ...jsontext.Options) *jsontext.Decoder {
	return jsontext.NewDecoder(&bounded{r: r, limits: l}, o...)
}

// bounded passes JSON through and counts what a reader would make of it.
type bounded struct {
	r io.Reader
	limits
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
			if b.length++; b.length > maxString {
				return 0, tooMuch(maxString, "bytes in a string")
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
	case b.read > b.bytes:
		return 0, tooMuch(b.bytes, "bytes")
	case b.colons > b.members:
		return 0, tooMuch(int64(b.members), "members of objects")
	case b.commas > b.values:
		return 0, tooMuch(int64(b.values), "values")
	}
	return n, err
}

// An excess is what is said of a file that passes a limit.
type excess string

func (e excess) Error() string { return string(e) }

func tooMuch(most int64, what string) error {
	return excess(fmt.Sprintf("holds more than any model needs: expected at most %d %s", most, what))
}

func tooLarge(name string, size int64, l limits) *fault.Fault {
	if size <= l.bytes {
		return nil
	}
	return &fault.Fault{File: name, Problem: "is too large", Expected: fmt.Sprintf("at most %d bytes", l.bytes),
		Found: fmt.Sprintf("%d bytes", size)}
}
