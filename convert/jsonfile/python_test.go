package jsonfile_test

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"hf2olmo/convert/jsonfile"
)

// What Python 3.11 makes of these texts was seen; testdata/interop/test_json.py compares many more.
func TestAsPythonReadsIt(t *testing.T) {
	inf := math.Inf(1)
	for text, want := range map[string]any{
		`{"a": [NaN, Infinity, -Infinity]}`:       []any{math.NaN(), inf, -inf},
		"{\"a\":NaN\n,\"b\":{\"c\":Infinity}}":    math.NaN(),
		`{"a": "NaN \" Infinity"}`:                `NaN " Infinity`,
		`{"a": 1e400, "b": -1e400}`:               inf,
		`{"a": -0}`:                               int64(0),
		`{"a": 9223372036854775808}`:              9223372036854775808.0,
		`{"a": ` + strings.Repeat("9", 400) + `}`: inf,
		`{"a": 1, "a": 1}`:                        int64(1),
		`{"a": 1, "a": 1.0}`:                      1.0,
		`{"a": 1.0, "a": 1}`:                      int64(1),
		`{"a": NaN, "a": NaN}`:                    math.NaN(),
		`{"a": {"b": [1, {"c": 2}]}, "a": {"b": [1.0, {"c":2}]}}`: map[string]any{
			"b": []any{1.0, map[string]any{"c": int64(2)}},
		},
		`{"a": {"b": null, "b": null}}`: map[string]any{"b": nil},
		`{"a": "\ud800"}`:               "\ufffd",
		`{"a": "\ud83d\ude00"}`:         "😀",
	} {
		for name, r := range map[string]io.Reader{
			"whole":     strings.NewReader(text),
			"piecemeal": iotest.OneByteReader(strings.NewReader(text)),
		} {
			have, err := jsonfile.ReadObject(r, jsonfile.ConfigLimits)
			if err != nil || fmt.Sprint(have["a"]) != fmt.Sprint(want) || reflect.TypeOf(have["a"]) != reflect.TypeOf(want) {
				t.Errorf("%.60s, %s: have %#v, %v\nwant %#v", text, name, have["a"], err, want)
			}
		}
	}
}

// TestRefusedAsPython: what Python's json refuses is refused, and so is what has two meanings.
func TestRefusedAsPython(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": 1, "a": 2}`:                         `name "a" appears twice, with different values`,
		`{"a": true, "a": 1}`:                      `name "a" appears twice, with different values`,
		`{"a": {"b": 1, "b": null}}`:               `name "b" appears twice, with different values`,
		`{"a": [1], "a": [1, 1]}`:                  `name "a" appears twice`,
		`{"a": ` + strings.Repeat("9", 4301) + `}`: "a whole number has 4301 digits",
		`{"a": ` + strings.Repeat("[", 1000):       "is nested too deeply",
		"{\"a\": \"\xff\"}":                        "invalid UTF-8",
		"{\"a\": \"\xed\xa0\x80\"}":                "invalid UTF-8",
		"\ufeff{}":                                 "invalid character",
		"{\"a\": \"\t\"}":                          "invalid character",
		`{"a": 1,}`:                                "invalid character",
		`{"a": 1} // b`:                            "invalid character",
		`{"a": Nan}`:                               "invalid character",
		`{"a": -NaN}`:                              "invalid character",
		`{"a": nan}`:                               "invalid character",
		`{"a": NaN5}`:                              "invalid character",
		`{"a": 5NaN}`:                              "invalid character",
		`{"a": NaNaN}`:                             "invalid character",
		`{"a": +Infinity}`:                         "invalid character",
		`{"a": --Infinity}`:                        "invalid character",
		`{"a": 1-Infinity}`:                        "invalid character",
		`{"a": Infinity.5}`:                        "invalid character",
		`{NaN: 1}`:                                 "must be a string",
		`{"a": Infinit`:                            "unexpected EOF",
		`{"a": .5}`:                                "invalid character",
		`{"a": 01}`:                                "invalid character",
		"{\"a\":\u00a01}":                          "invalid character",
	} {
		if have, err := jsonfile.ReadObject(strings.NewReader(text),
			jsonfile.ConfigLimits); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: have %v, %v\nwant %s", text, have, err, want)
		}
	}
}
