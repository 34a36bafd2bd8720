package torchfile_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"hf2olmo/convert/torchfile"
)

// storage1 is storage0 with the key 1.
var storage1 = strings.Replace(storage0, "\x000X", "\x001X", 1)

func text(s string) string { return "X" + le32(uint32(len(s))) + s }

// TestStates: torch.load sets attributes of a tensor from its state, and data replaces
// its elements. A plain state is read, any other refused.
func TestStates(t *testing.T) {
	other := strings.Replace(tensor0, storage0, storage1, 1)
	dict := func(name, value string) string { return "}" + text(name) + value + "s" }
	for name, c := range map[string]struct{ state, want string }{
		"none":               {"N", ""},
		"empty":              {"}", ""},
		"empty pair":         {"N}\x86", ""},
		"a name":             {dict("note", "K\x01"), ""},
		"a name in slots":    {"}" + dict("note", text("x")) + "\x86", ""},
		"a list of lists":    {dict("note", "](K\x01]K\x02ae"), ""},
		"data":               {dict("data", other), `attribute "data"`},
		"data in slots":      {"}" + dict("data", other) + "\x86", `attribute "data"`},
		"data in both":       {dict("data", other) + "N\x86", `attribute "data"`},
		"a plain data":       {dict("data", "N"), `attribute "data"`},
		"grad":               {dict("grad", other), `attribute "grad"`},
		"requires_grad":      {dict("requires_grad", "\x88"), `attribute "requires_grad"`},
		"real":               {dict("real", "K\x01"), `attribute "real"`},
		"a class":            {dict("__class__", "N"), `attribute "__class__"`},
		"a tensor":           {dict("note", other), `attribute "note"`},
		"a tensor in a list": {dict("note", "]"+other+"a"), `attribute "note"`},
		"a tensor in a dict": {dict("note", dict("x", other)), `attribute "note"`},
		"a storage":          {dict("note", storage1), `attribute "note"`},
		"a list of itself":   {dict("note", "]q\x20h\x20a"), `attribute "note"`},
		"an int for a name":  {"}K\x01K\x01s", "may change it"},
		"a list":             {"]", "not a dict"},
		"one dict in tuple":  {"}\x85", "neither a dict nor a pair"},
	} {
		fromType := "ctorch._tensor\n_rebuild_from_type_v2\n(" + rebuild + "ctorch\nTensor\n(" + storage0 +
			"K\x00K\x04\x85K\x01\x85\x89" + hooks + "t" + c.state + "tR"
		parameter := "ctorch._utils\n_rebuild_parameter_with_state\n(" + tensor0 + "\x88" + hooks + c.state + "tR"
		for form, value := range map[string]string{"from type": fromType, "parameter": parameter} {
			items := keyA + value
			if strings.Contains(c.state, storage1) || c.want == "" {
				items += text("b") + other
			}
			_, err := openBytes(zipOf(t, "a/data.pkl", "\x80\x02}("+items+"u.", "a/data/0", "0123456789abcdef", "a/data/1",
				"0123456789abcdef", "a/version", "3\n"))
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s, %s: %v", form, name, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%s, %s: %v, want %q", form, name, err, c.want)
			}
		}
	}
}

// TestLoadOfStates: Load returns an error if it does not know what torch makes of a tensor.
func TestLoadOfStates(t *testing.T) {
	for _, c := range []struct {
		state  string
		unsure bool
	}{
		{"N", false}, {"}", false}, {"}" + text("note") + "K\x01s", false},
		{"}" + text("data") + tensor0 + "s", true}, {"N}" + text("data") + tensor0 + "s\x86", true},
		{"}" + text("real") + "K\x01s", true},
	} {
		for _, value := range []string{
			"ctorch._tensor\n_rebuild_from_type_v2\n(" + rebuild + "ctorch\nTensor\n(" + storage0 +
				"K\x00K\x04\x85K\x01\x85\x89" + hooks + "t" + c.state + "tR",
			"ctorch._utils\n_rebuild_parameter_with_state\n(" + tensor0 + "\x88" + hooks + c.state + "tR",
		} {
			file := withPickle(t, "\x80\x02}"+keyA+value+"s.")
			if _, err := torchfile.Load(bytes.NewReader(file), int64(len(file))); (err != nil) != c.unsure {
				t.Errorf("%q: %v", c.state, err)
			}
		}
	}
}

// TestCalls: what torch.load refuses, or reads differently from how it is written.
func TestCalls(t *testing.T) {
	args := storage0 + "K\x00K\x04\x85K\x01\x85\x89" + hooks
	for name, c := range map[string]struct{ value, want string }{
		"conjugated":          {rebuild + "(" + args + "}" + text("conj") + "\x88stR", "conjugated or negated"},
		"negated":             {rebuild + "(" + args + "}" + text("neg") + "\x88stR", "conjugated or negated"},
		"metadata of nothing": {rebuild + "(" + args + "}tR", ""},
		"hooks": {rebuild + "(" + storage0 + "K\x00K\x04\x85K\x01\x85\x89" + hooks + keyA + "K\x01stR",
			"hooks"},
		"no bool": {rebuild + "(" + storage0 + "K\x00K\x04\x85K\x01\x85K\x01" + hooks + "tR", "not a bool"},
		"BUILD":   {tensor0 + "(" + storage0 + "K\x00K\x04\x85K\x01\x85tb", "other than an OrderedDict"},
		"BUILD of a parameter": {"ctorch._utils\n_rebuild_parameter\n(" + tensor0 + "\x88" + hooks + "tR" + "}b",
			"other than an OrderedDict"},
		"BUILD from the memo": {tensor0 + "q\x09}bh\x09}b", "other than an OrderedDict"},
		"a size for a tensor": {"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nSize\nctorch\nTensor\n" +
			"K\x01\x85\x85}tR", "unknown class"},
		"a parameter with more": {"ctorch._utils\n_rebuild_parameter\n(" + tensor0 + "\x88" + hooks + "}tR",
			"too many parts"},
		"a parameter with less": {"ctorch._utils\n_rebuild_parameter_with_state\n(" + tensor0 + "\x88" + hooks + "tR",
			"too few"},
		"a string that is none":   {text("\xff\xfe"), "not UTF-8"},
		"a view outside of older": {strings.Replace(tensor0, "K\x04tQ", "K\x04NtQ", 1), "not a storage"},
	} {
		_, err := openBytes(withPickle(t, "\x80\x02}"+keyA+c.value+"s."))
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestDictAttributes: an OrderedDict's attributes may replace its methods in Python.
func TestDictAttributes(t *testing.T) {
	for name, want := range map[string]string{"_metadata": "", "items": `attribute "items"`, "keys": `attribute "keys"`} {
		_, err := openBytes(withPickle(t, "\x80\x02"+hooks+keyA+tensor0+"s}"+text(name)+hooks+"sb."))
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// legacyFile is a file in the older format with one storage of 4 floats for each key.
func legacyFile(pickle string, keys ...string) []byte {
	file := string(legacyWith(pickle)) + "\x80\x02]("
	for _, key := range keys {
		file += text(key)
	}
	file += "e."
	for i := range keys {
		file += le64(4) + strings.Repeat(fmt.Sprint(i), 16)
	}
	return []byte(file)
}

// TestLegacyViews: torch looks at nothing but the key of a view that it has seen.
func TestLegacyViews(t *testing.T) {
	root := func(key, view string) string {
		return strings.Replace(strings.Replace(storage0, text("0"), text(key), 1), "tQ", view+"tQ", 1)
	}
	view := func(key string, first, numel byte) string {
		return "(" + text(key) + "K" + string(first) + "K" + string(numel) + "t"
	}
	dict := func(storages ...string) string {
		p := "\x80\x02}("
		for i, s := range storages {
			p += text(fmt.Sprint("t", i)) + rebuild + "(" + s + "K\x00K\x02\x85K\x01\x85\x89" + hooks + "tR"
		}
		return p + "u."
	}
	zero, one := root("0", "N"), root("1", "N")
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"roots":               {legacyFile(dict(zero, one), "0", "1"), ""},
		"the same view twice": {legacyFile(dict(root("0", view("v", 1, 2)), root("0", view("v", 1, 2))), "0"), ""},
		"two views":           {legacyFile(dict(root("0", view("v", 0, 2)), root("0", view("w", 2, 2))), "0"), ""},
		"a view of all":       {legacyFile(dict(zero, root("0", view("0", 0, 4))), "0"), ""},
		"one key, two places": {legacyFile(dict(root("0", view("v", 0, 2)), root("0", view("v", 2, 2))), "0"),
			"named with two"},
		"one key, two lengths": {legacyFile(dict(root("0", view("v", 0, 2)), root("0", view("v", 0, 3))), "0"),
			"named with two"},
		"one key, two storages": {legacyFile(dict(root("0", view("v", 0, 2)), root("1", view("v", 0, 2))), "0", "1"),
			"named with two"},
		"the root's own key": {legacyFile(dict(root("0", view("0", 2, 2))), "0"), "named with two"},
		"another root's key": {legacyFile(dict(one, root("0", view("1", 0, 4))), "0", "1"), "named with two"},
		"a later root's key": {legacyFile(dict(root("0", view("1", 0, 4)), one), "0", "1"), "named with two"},
		"too long":           {legacyFile(dict(root("0", view("v", 1, 4))), "0"), "past its storage"},
		"below zero": {legacyFile(dict(root("0", "("+text("v")+"J\xff\xff\xff\xffK\x04t")), "0"),
			"past its storage"},
		"a tensor past its view": {legacyFile(dict(root("0", view("v", 0, 1))), "0"), "expected 2 elements, found 1 element"},
		"no view":                {legacyFile(dict(storage0), "0"), "not a storage"},
		"a key that is no text":  {legacyFile(dict(root("0", "(K\x01K\x00K\x02t")), "0"), "without a key"},
	} {
		_, err := openBytes(c.file)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestArchiveNames: torch finds an entry whatever the case of its name, in the folder of
// the first entry; exactly what torch.save writes is read.
func TestArchiveNames(t *testing.T) {
	body := []string{"a/data.pkl", goodDict, "a/data/0", "0123456789abcdef", "a/version", "3\n"}
	with := func(more ...string) []byte { return zipOf(t, append(body[:len(body):len(body)], more...)...) }
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"all of torch 2.13": {with("a/byteorder", "little", "a/.data/serialization_id", "0123", "a/.format_version",
			"1", "a/.storage_alignment", "64"), ""},
		"torch 1.6":             {with(), ""},
		"another case of data":  {with("a/DATA/0", "0123456789abcdef"), "differ only in case"},
		"another pickle":        {with("a/DATA.PKL", goodDict), "differ only in case"},
		"another folder's case": {with("A/data/0", "0123456789abcdef"), "differ only in case"},
		"BYTEORDER":             {with("a/BYTEORDER", "big"), `the entry "a/BYTEORDER"`},
		"a storage of nobody":   {with("a/data/7", ""), ""},
		"a folder of storages":  {with("a/data/7/x", ""), `the entry "a/data/7/x"`},
		"another folder":        {with("b/data.pkl", goodDict), `the entry "b/data.pkl"`},
		"a file of no folder":   {with("README", ""), `the entry "README"`},
		"code":                  {with("a/code/x.py", ""), `the entry "a/code/x.py"`},
		"a first of no folder":  {zipOf(t, append([]string{"b/x", ""}, body...)...), "no data.pkl"},
		"no version":            {zipOf(t, body[:4]...), "version is missing"},
		"version 11":            {zipOf(t, append(body[:4:4], "a/version", "11\n")...), "not one that torch reads"},
		"version 0":             {zipOf(t, append(body[:4:4], "a/version", "0")...), "not one that torch reads"},
		"version of words":      {zipOf(t, append(body[:4:4], "a/version", "three")...), "not one that torch reads"},
		"an odd alignment":      {with("a/.storage_alignment", "x"), "not a number"},
		"an odd id":             {with("a/.data/serialization_id", "\xff"), "not plain text"},
		"a long id":             {with("a/.data/serialization_id", strings.Repeat("1", 2000)), "larger than torch writes it"},
	} {
		_, err := openBytes(c.file)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	good := with()
	at := strings.LastIndex(string(good), "a/data/0") - 8 // the external attributes, in the directory
	if got := mustRefuse(t, changed(good, at, 0x10)); !strings.Contains(got, "marked as a folder") {
		t.Error(got)
	}
}
