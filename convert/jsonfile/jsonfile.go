// Package jsonfile reads JSON files from strangers as streams of tokens, within bounds, and
// words what is wrong with them: where, and what was expected.
package jsonfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding"

	"hf2olmo/convert/fault"
)

// A ShapeError is JSON that is valid but not what the file should hold.
type ShapeError struct {
	Offset int64 // bytes
	Text   string
}

// Error returns the text.
func (e *ShapeError) Error() string { return e.Text }

// Misshapen returns a ShapeError about what d has read last.
func Misshapen(d *jsontext.Decoder, format string, args ...any) error {
	return &ShapeError{d.InputOffset(), fmt.Sprintf(format, args...)}
}

// About puts what an error concerns before its text. A file has up to a hundred thousand
// names, so the words are made only if something is wrong.
func About(err error, format string, args ...any) error {
	var wrong *ShapeError
	if err != nil && errors.As(err, &wrong) {
		wrong.Text = fmt.Sprintf(format, args...) + wrong.Text
	}
	return err
}

// kinds are what a value is called.
var kinds = map[jsontext.Kind]string{'{': "an object", '[': "an array", '"': "a string", '0': "a number"}

// Expect reports an error unless a value of kind k comes next; what names it.
func Expect(d *jsontext.Decoder, k jsontext.Kind, what string) error {
	if d.PeekKind() == k {
		return nil
	}
	wrong := Misshapen(d, "%s is not %s", what, kinds[k])
	if err := d.SkipValue(); err != nil { // not JSON at all, which is the better thing to say
		return err
	}
	return wrong
}

// EachMember reads the object that comes next; member must read the value of its key.
// Whether a key may appear twice is the decoder's to say.
func EachMember(d *jsontext.Decoder, what string, member func(key string) error) error {
	if err := Expect(d, '{', what); err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		key, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := member(key.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// EachElement reads the array that comes next; element must read one element.
func EachElement(d *jsontext.Decoder, what string, element func() error) error {
	if err := Expect(d, '[', what); err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// ReadString reads the string that comes next.
func ReadString(d *jsontext.Decoder, what string) (string, error) {
	if err := Expect(d, '"', what); err != nil {
		return "", err
	}
	token, err := d.ReadToken()
	return token.String(), err
}

// ReadInt reads the number that comes next, which must be a literal without sign,
// point or exponent that fits an int64.
func ReadInt(d *jsontext.Decoder, what string) (int64, error) {
	if err := Expect(d, '0', what); err != nil {
		return 0, err
	}
	token, err := d.ReadToken()
	if err != nil {
		return 0, err
	}
	literal := token.String()
	n, err := strconv.ParseUint(literal, 10, 63)
	if err != nil {
		return 0, Misshapen(d, "%s is %s, not a whole number from 0 to %d", what, literal, int64(math.MaxInt64))
	}
	return int64(n), nil
}

// ReadEnd makes sure that nothing but white space is left.
func ReadEnd(d *jsontext.Decoder) error {
	switch _, err := d.ReadToken(); err {
	case io.EOF:
		return nil
	case nil:
		return Misshapen(d, "something follows the end of the JSON value")
	default:
		return err
	}
}

// Fault turns an error of a decoder of the file called name into a fault with line and
// column; r is the same file.
func Fault(name string, r io.ReaderAt, err error) *fault.Fault {
	var syntax *jsontext.SyntacticError
	var shape *ShapeError
	f := &fault.Fault{File: name}
	switch {
	case errors.As(err, &shape):
		f.Problem = shape.Text + position(r, shape.Offset)
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		f.Problem = fmt.Sprintf("name %q appears twice%s", syntax.JSONPointer.LastToken(), position(r, syntax.ByteOffset))
	case errors.As(err, &syntax):
		f.Problem = "is not valid JSON: " + syntax.Err.Error() + position(r, syntax.ByteOffset)
		f.Hint = "Download it again, or save it as plain JSON in UTF-8, without a byte order mark or comments."
	case errors.Is(err, encoding.ErrInvalidUTF8):
		f.Problem, f.Hint = "is not valid UTF-8", "Download it again, or save it in UTF-8."
	case err == io.EOF:
		f.Problem = "is not valid JSON: there is nothing but white space"
		f.Hint = "Download it again."
	default:
		f.Problem = Bare(err).Error()
	}
	return f
}

// position says where offset is, in lines and bytes of the line, both counted from 1.
func position(r io.ReaderAt, offset int64) string {
	line, column := 1, 1
	text := bufio.NewReader(io.NewSectionReader(r, 0, offset))
	for {
		c, err := text.ReadByte()
		if err != nil {
			return fmt.Sprintf(" at line %d, column %d", line, column)
		}
		if column++; c == '\n' {
			line, column = line+1, 1
		}
	}
}
