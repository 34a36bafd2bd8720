package omegaconf_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"hf2olmo/convert/omegaconf"
)

// TestScalars holds some scalars against what OmegaConf 2.4 makes of them; the rest is in
// testdata/interop/test_omegaconf.py. An error is written "-".
func TestScalars(t *testing.T) {
	for text, want := range map[string]string{
		"yes": "true", "On": "true", "off": "false", "y": `"y"`, "tRue": `"tRue"`, "~": "null", "": "null", "Null": "null",
		"0o2": `"0o2"`, "010": "8", "08": `"08"`, "0x1F": "31", "0b11": "3", "0x_": "-", "1_000": "1000",
		"1:30": "90", "-1:30": "-90",
		"1e5": "1e5", "1e-06": "1e-06", ".5": ".5", "-.5": `"-.5"`, "1.": "1.", ".inf": ".inf", "inf": `"inf"`,
		"1e5_0":                `"1e5_0"`,
		"18446744073709551616": "18446744073709551616", "2020-01-01": `"2020-01-01"`, "=": "-", "<<": "-",
		"'yes'": `"yes"`, `"a\tb"`: `"a\tb"`, "!!str 5": `"5"`, "!!int '5'": "5", "!!int x": "-", "! '5'": "-",
		"!!python/none": "-", "!!binary aGk=": "-",
		"[a, 1]": "a list of 2", "{a: 1}": "a mapping", "{a: 1, a: 2}": "-", "[k:]": "-", "{1: a}": "-",
		"&x [*x]": "-", "[&x a, &x b]": "-",
	} {
		d, err := omegaconf.Read([]byte("a: " + text + "\n"))
		got := "-"
		if err == nil {
			got = d.Data.(*omegaconf.Mapping).Get("a").String()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestFields holds values against what OmegaConf makes of them in fields of classes.
func TestFields(t *testing.T) {
	for _, test := range []struct{ text, kind, want string }{
		{"'64'", "int", "64"}, {"' 1_0 '", "int", "10"}, {"1.0", "int", "-"}, {"true", "int", "-"}, {"0x10", "int", "16"},
		{"'1e-06'", "float", "1e-06"}, {"5", "float", "5"}, {"'0x1p3'", "float", "-"}, {"'1__0'", "float", "-"},
		{"'true'", "bool", "true"}, {"y", "bool", "true"}, {"0", "bool", "false"}, {"'12'", "bool", "true"},
		{"1.0", "bool", "-"},
		{"true", "string", "True"}, {"1e22", "string", "1e+22"}, {"1e15", "string", "1000000000000000.0"},
		{"1:30", "string", "90"}, {"1:30.5", "string", "90.5"}, {"[a]", "string", "-"},
	} {
		d, err := omegaconf.Read([]byte("a: " + test.text))
		if err != nil {
			t.Fatal(err)
		}
		got := "-"
		if v, err := d.Data.(*omegaconf.Mapping).Get("a").As(test.kind); err == nil {
			got = fmt.Sprint(v)
		}
		if got != test.want {
			t.Errorf("%s as %s: got %s, want %s", test.text, test.kind, got, test.want)
		}
	}
}

// TestMerge reads anchors, aliases and merge keys.
func TestMerge(t *testing.T) {
	d, err := omegaconf.Read([]byte("p: &p {k: 1, j: 1}\nq: &q {k: 2, l: 2}\nr:\n  <<: [*p, *q]\n  j: 3\ns: ???\n"))
	if err != nil {
		t.Fatal(err)
	}
	top := d.Data.(*omegaconf.Mapping)
	r := top.Section("r")
	if got := fmt.Sprint(r.Get("k"), r.Get("l"), r.Get("j")); got != "1 2 3" {
		t.Error(got)
	}
	if top.Get("s").There || !slices.Contains(top.Keys(), "s") {
		t.Error("a missing value is there")
	}
}

// TestWritten writes names with a character of every one of Unicode's classes, and what means
// something to YAML or OmegaConf, and reads them back.
func TestWritten(t *testing.T) {
	var some []rune
	for _, class := range unicode.Categories {
		var members []rune
		for r := rune(1); r <= unicode.MaxRune; r += 1 + rune(len(members)/50)*97 {
			if unicode.Is(class, r) && !unicode.Is(unicode.Cs, r) {
				members = append(members, r)
			}
		}
		some = append(some, members...)
	}
	for r := rune(1); r < 0x180; r++ {
		some = append(some, r)
	}
	some = append(some, '\u2028', '\u2029', '\u00a0', '\ufeff', '\ufffe', '\uffff')
	var names []string
	for _, r := range some {
		names = append(names, string(r), "x"+string(r), string(r)+"x", "/a/"+string(r)+"b")
	}
	names = append(names,
		"=", "<<", "1e5", "1ep", "10ep", "1:30", "yes", "null", "~", "-", "- a", "a: b", "a #b", `x\${oc.env:HOME}`,
		`\\${x}`, `${a${b}}\`, "a\r\nb", "#", "'", "%a", "@a",
	)
	for range 5000 {
		name := ""
		for range 1 + rand.N(8) {
			name += string(`ab \${}?"':#~-`[rand.N(14)])
		}
		names = append(names, name)
	}
	for _, name := range names {
		text, err := omegaconf.Text(name)
		if err != nil {
			if strings.Trim(name, `\`) != "???" {
				t.Errorf("%q: %v", name, err)
			}
			continue
		}
		for _, document := range []string{"a: " + text + "\n", "a: [" + text + "]"} {
			d, err := omegaconf.Read([]byte(document))
			if err != nil {
				t.Fatalf("%q: %v", document, err)
			}
			v := d.Data.(*omegaconf.Mapping).Get("a")
			if list, ok := v.Data.([]omegaconf.Value); ok {
				v = list[0]
			}
			if got, ok := v.Text(); !ok || got != name {
				t.Errorf("%q was written as %s, and read as %q", name, text, got)
			}
		}
	}
	for _, name := range []string{"???", `\???`, "a\xff"} {
		if text, err := omegaconf.Text(name); err == nil {
			t.Errorf("%q was written as %s", name, text)
		}
	}
}
