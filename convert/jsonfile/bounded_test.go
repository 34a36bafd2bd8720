package jsonfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// TestLimits: a file is given up where it passes a limit, however it is read.
func TestLimits(t *testing.T) {
	const most = "contains more than any model needs: expected at most "
	limits := jsonfile.Limits{Bytes: 1000, Members: 3, Values: 5}
	for text, want := range map[string]string{
		`{"a": 1, "b": {"c": 2}}`:                   "",
		`{"a": ":::,,,[[{{", "b": "\":,"}`:          "", // in strings nothing counts
		`{"a": 1, "b": 2, "c": 3, "d": 4}`:          most + "3 members of objects",
		`[1, 2, 3, 4, 5, 6]`:                        most + "5 values",
		`"` + strings.Repeat("x", 2000) + `"`:       most + "1000 bytes",
		`{"a": 1` + strings.Repeat(" ", 1000) + `}`: most + "1000 bytes",
	} {
		d := jsonfile.NewDecoder(strings.NewReader(text), limits)
		err := d.SkipValue()
		if err == nil {
			err = jsonfile.ReadEnd(d)
		}
		var excess jsonfile.Excess
		if have := errors.As(err, &excess); have != (want != "") || have && jsonfile.Bare(err).Error() != want {
			t.Errorf("%.40s: %v, want %s", text, err, want)
		}
	}
	long := `"` + strings.Repeat("x", jsonfile.MaxString+1) + `"`
	d := jsonfile.NewDecoder(strings.NewReader(long), jsonfile.Limits{Bytes: 1 << 30, Members: 1, Values: 1})
	want := jsonfile.TooMuch(jsonfile.MaxString, "bytes in a string")
	if err := d.SkipValue(); err == nil || jsonfile.Bare(err) != want {
		t.Errorf("a long string: %.100v", err)
	}
	if jsonfile.TooLarge("a", 1000, limits) != nil || jsonfile.TooLarge("a", 1001, limits) == nil {
		t.Error("1000 bytes are allowed, 1001 are not")
	}
}

// TestFault: what is wrong with a file is said with its line and column.
func TestFault(t *testing.T) {
	for text, want := range map[string]string{
		"{\n \"a\": 1,\n}": "f.json: is not valid JSON: invalid character ',' at start of value at line 2, column 8",
		"":                 "f.json: is not valid JSON: there is nothing but white space",
		"[1]":              "f.json: the value is not an object at line 1, column 1",
		"{\"a\": \"b\"}":   "f.json: the value of a is not a number at line 1, column 5",
		"{\"a\": -1}": "f.json: the value of a is -1, not a whole number from 0 to 9223372036854775807 " +
			"at line 1, column 9",
		"{\"a\": 1} x":      "f.json: is not valid JSON: invalid character 'x' at start of value at line 1, column 10",
		"{\"a\": 1} 2":      "f.json: something follows the end of the JSON value at line 1, column 11",
		"{\"a\":1,\"a\":2}": "f.json: name \"a\" appears twice at line 1, column 8",
	} {
		r := strings.NewReader(text)
		d := jsonfile.NewDecoder(r, jsonfile.ConfigLimits, jsontext.AllowInvalidUTF8(false))
		err := jsonfile.EachMember(d, "the value", func(key string) error {
			_, err := jsonfile.ReadInt(d, "the value of "+key)
			return err
		})
		if err == nil {
			err = jsonfile.ReadEnd(d)
		}
		if err == nil {
			t.Errorf("%s: no error", text)
		} else if have := jsonfile.Fault("f.json", r, err).Error(); have != want {
			t.Errorf("%s:\nhave %s\nwant %s", text, have, want)
		}
	}
}
