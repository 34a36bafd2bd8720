package hf_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hf2olmo/convert/hf"
)

const (
	indexName = "model.safetensors.index.json"
	shard1    = "model-00001-of-00003.safetensors"
	shard2    = "model-00002-of-00003.safetensors"
	shard3    = "model-00003-of-00003.safetensors"
)

func edit(t *testing.T, path, old, new string) {
	t.Helper()
	text := read(t, path)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not hold %q", path, old)
	}
	write(t, path, strings.Replace(text, old, new, 1))
}

// indexDamages are done to a copy of testdata/sharded.
var indexDamages = []struct {
	name   string
	damage func(t *testing.T, dir string)
	want   string
}{
	{"shards missing", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/"+shard1))
		must(t, os.Remove(dir+"/"+shard3))
	}, indexName + ": names 3 shards, and 2 of them do not exist\n  Run the same download again: it fetches what is " +
		"missing.\n" +
		shard1 + ": does not exist" + hint(shard1) + shard3 + ": does not exist" + hint(shard3)},
	{"shards damaged", func(t *testing.T, dir string) {
		must(t, os.Truncate(dir+"/"+shard1, 900))
		write(t, dir+"/"+shard2, pointer)
		write(t, dir+"/"+shard3, "")
	}, shard1 + ": is truncated: expected 928 bytes, found 900" + hint(shard1) + shard2 +
		": is a Git LFS pointer, not the file itself\n  Run `git lfs pull` in the folder, or download the model with " +
		"`hf download`.\n" +
		shard3 + ": is empty" + hint(shard3)},
	{"stale index", func(t *testing.T, dir string) {
		text := strings.ReplaceAll(read(t, dir+"/"+indexName), "of-00003", "of-00030")
		write(t, dir+"/"+indexName, text)
	}, indexName + ": is stale: it names shards that do not exist (3 of 3), and a complete set of others does: found " +
		shard1 + ", " + shard2 + ", " + shard3 + "\n  Replace it with the index of these shards: download that, or " +
		"save the model again with save_pretrained.\n"},
	{"index missing", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/"+indexName)) },
		indexName + ": is missing, though there are shards: found " + shard1 + hint(indexName)},
	{"paths", func(t *testing.T, dir string) {
		write(t, dir+"/"+indexName, `{"weight_map": {"a": "../x.bin", "b": "/etc/passwd", "c": "sub/x.bin", "d": "..", `+
			`"e": "", "f": "a\\b", "g": ".", "h": "x\u0000"}}`)
	}, indexName + `: names a shard outside of the folder: found ""
` + indexName + `: names a shard outside of the folder: found "."
` + indexName + `: names a shard outside of the folder: found ".."
` + indexName + `: names a shard outside of the folder: found "../x.bin"
` + indexName + `: names a shard outside of the folder: found "/etc/passwd"
` + indexName + `: names a shard outside of the folder: found "a\\b"
` + indexName + `: names a shard outside of the folder: found "x\x00"
`},
	{"a name for a shell", func(t *testing.T, dir string) {
		must(t, os.Remove(dir+"/"+shard1))
		write(t, dir+"/"+indexName, `{"weight_map": {"a": "$(reboot).bin"}}`)
	}, "$(reboot).bin: does not exist\n  Download the model again.\n"},
	{"no weight_map", func(t *testing.T, dir string) { write(t, dir+"/"+indexName, `{"metadata": {}}`) },
		indexName + ": there is no weight_map at line 1, column 17\n"},
	{"empty weight_map", func(t *testing.T, dir string) { write(t, dir+"/"+indexName, `{"weight_map": {}}`) },
		indexName + ": weight_map names no tensor" + hint(indexName)},
	{"weight_map of numbers", func(t *testing.T, dir string) { write(t, dir+"/"+indexName, `{"weight_map": {"a": 1}}`) },
		indexName + `: the shard of tensor "a" is not a string at line 1, column 20` + "\n"},
	{"a tensor twice", func(t *testing.T, dir string) {
		write(t, dir+"/"+indexName, "{\"weight_map\": {\"a\": \"x\",\n \"a\": \"y\"}}")
	}, indexName + `: name "a" appears twice, with different values at line 2, column 10` + "\n"},
	{"not JSON", func(t *testing.T, dir string) { write(t, dir+"/"+indexName, "{\n\n'weight_map': {}}") },
		indexName + `: is not valid JSON: invalid character '\'' at start of value at line 3, column 1` +
			"\n  Download it again, or save it as plain JSON in UTF-8, without a byte order mark or comments.\n"},
	{"LFS pointer", func(t *testing.T, dir string) { write(t, dir+"/"+indexName, pointer) },
		indexName + ": is a Git LFS pointer, not the file itself\n  Run `git lfs pull` in the folder, or download the " +
			"model with `hf download`.\n"},
	{"too large", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/"+indexName, 64<<20+1)) },
		indexName + ": is too large: expected at most 67108864 bytes, found 67108865 bytes\n"},
}

func TestIndexDamages(t *testing.T) {
	for _, d := range indexDamages {
		t.Run(d.name, func(t *testing.T) {
			dir := copyModel(t, "sharded")
			d.damage(t, dir)
			expectFaults(t, dir, dir, d.want)
		})
	}
}

// Where index and shards disagree, transformers takes what the shards hold. So do we:
// nothing is lost, and what is not there is for the match with the table to say.
func TestIndexDisagrees(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(t *testing.T, dir string)
		again   int
		placed  map[string]string
		warning string
	}{
		{"listed but not there", func(t *testing.T, dir string) {
			edit(t, dir+"/"+indexName, `"weight_map": {`, `"weight_map": {"more": "`+shard3+`",`)
		}, 0, map[string]string{"more": shard3}, ""},
		{"there but not listed", func(t *testing.T, dir string) {
			edit(t, dir+"/"+indexName, `,
    "model.norm.weight": "`+shard2+`"`, "")
		}, 0, map[string]string{}, ""},
		{"in another shard", func(t *testing.T, dir string) {
			edit(t, dir+"/"+indexName, `"lm_head.weight": "`+shard3, `"lm_head.weight": "`+shard2)
			edit(t, dir+"/"+indexName, `"weight_map": {`, `"weight_map": {"x": "`+shard3+`",`)
		}, 0, map[string]string{"x": shard3}, indexName + " names other shards than the ones that these tensors are " +
			"in: lm_head.weight"},
		{"in two shards", func(t *testing.T, dir string) {
			write(t, dir+"/more.safetensors", read(t, dir+"/"+shard3))
			edit(t, dir+"/"+indexName, `"weight_map": {`, `"weight_map": {"lm_head.weight ": "more.safetensors",`)
		}, 1, map[string]string{"lm_head.weight ": "more.safetensors"}, ""},
		{"a dot and a slash", func(t *testing.T, dir string) {
			write(t, dir+"/"+indexName, strings.ReplaceAll(read(t, dir+"/"+indexName), shard2, "./"+shard2))
		}, 0, map[string]string{}, ""},
		{"a folder", func(t *testing.T, dir string) {
			must(t, os.Mkdir(dir+"/sub", 0o777))
			must(t, os.Rename(dir+"/"+shard2, dir+"/sub/"+shard2))
			write(t, dir+"/"+indexName, strings.ReplaceAll(read(t, dir+"/"+indexName), shard2, "sub/x/../"+shard2))
		}, 0, map[string]string{}, ""},
	} {
		dir := copyModel(t, "sharded")
		c.change(t, dir)
		m, err := hf.Open(dir)
		must(t, err)
		if len(m.Tensors) != 12 || len(m.Again) != c.again || !reflect.DeepEqual(m.Placed, c.placed) {
			t.Errorf("%s: %d tensors, %d again, placed %v", c.name, len(m.Tensors), len(m.Again), m.Placed)
		}
		if w := strings.Join(m.Warnings, "\n"); !strings.Contains(w, c.warning) || c.warning == "" && strings.Contains(w,
			"names other") {
			t.Errorf("%s: %q", c.name, m.Warnings)
		}
	}
}

func TestIndexWarnings(t *testing.T) {
	dir := copyModel(t, "sharded")
	edit(t, dir+"/"+indexName, `"total_size": 1328`, `"total_size": 1329.0`)
	write(t, dir+"/model-00004-of-00004.safetensors", "left over")
	write(t, dir+"/other-00001-of-00001.safetensors", "somebody else's")
	m, err := hf.Open(filepath.Join(dir, indexName))
	must(t, err)
	want := []string{
		indexName + ": total_size is 1329, but the shards contain 1328 bytes",
		"model-00004-of-00004.safetensors is not named by " + indexName + " and is left out",
	}
	if !reflect.DeepEqual(m.Warnings, want) {
		t.Errorf("%q", m.Warnings)
	}
}

func TestPrecedence(t *testing.T) {
	dir := copyModel(t, "sharded")
	write(t, dir+"/pytorch_model.bin", "not looked at")
	m, err := hf.Open(dir)
	must(t, err)
	if m.Index != indexName || len(m.Warnings) > 0 {
		t.Errorf("%q %q", m.Index, m.Warnings)
	}
	write(t, dir+"/model.safetensors", read(t, "testdata/single/model.safetensors"))
	m, err = hf.Open(dir)
	must(t, err)
	if m.Index != "" || len(m.Files) != 1 || !reflect.DeepEqual(m.Warnings, []string{
		"model.safetensors is used and model.safetensors.index.json is not, as in transformers"}) {
		t.Errorf("%q %q", m.Index, m.Warnings)
	}
}
