package jsonfile

import (
	"io"
	"math"
)

// constants passes JSON through for a decoder that does not know NaN and Infinity: it puts a
// number of as many bytes in place of each, and remembers where that ends. Anything else that
// such a word may be part of stays what no decoder takes.
type constants struct {
	r      io.Reader
	values map[int64]float64 // by the offset after the number in its place

	offset   int64
	inString bool
	escaped  bool
	word     string // what is left of the constant that is being read
	number   string // what is put in its place
	value    float64
	last     byte // before this one, outside of strings
	ended    bool // a constant has just ended
}

// forbidden is a byte that no JSON has outside of strings.
const forbidden = 'N'

// Read is r's, with the constants replaced.
func (c *constants) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i := range p[:n] {
		p[i] = c.next(p[i])
	}
	return n, err
}

func (c *constants) next(b byte) byte {
	c.offset++
	switch {
	case c.escaped:
		c.escaped = false
		return b
	case c.inString:
		c.escaped = b == '\\'
		c.inString = b != '"'
		return b
	}
	before := c.last
	c.last = b
	switch {
	case c.word != "":
		return c.inside(b)
	case c.ended && !delimits(b):
		b = forbidden // a number cannot go on behind a constant
	case b == 'N' && delimits(before):
		c.begin("NaN", "0e0", math.NaN())
		return c.inside(b)
	case b == 'I' && delimits(before):
		c.begin("Infinity", "0.000000", math.Inf(1))
		return c.inside(b)
	case b == 'I' && before == '-':
		c.begin("Infinity", "0.000000", math.Inf(-1))
		return c.inside(b)
	case b == '"':
		c.inString = true
	}
	c.ended = false
	return b
}

func (c *constants) begin(word, number string, value float64) {
	c.word, c.number, c.value = word, number, value
}

// inside takes a byte of a constant.
func (c *constants) inside(b byte) byte {
	if b != c.word[0] {
		c.word = ""
		return forbidden
	}
	b = c.number[0]
	c.word, c.number = c.word[1:], c.number[1:]
	if c.word == "" {
		c.values[c.offset], c.ended = c.value, true
	}
	return b
}

// delimits reports whether a value may begin after b, or end before it.
func delimits(b byte) bool {
	switch b {
	case ' ', '\t', '\n', '\r', ',', ':', '[', ']', '{', '}':
		return true
	}
	return false
}
