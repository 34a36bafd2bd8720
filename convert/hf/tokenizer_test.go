package hf_test

import (
	"path/filepath"
	"reflect"
	"testing"

	"hf2olmo/convert/hf"
)

func TestSpecialTokens(t *testing.T) {
	const single = "testdata/single"
	for _, c := range []struct {
		name     string
		files    map[string]string // written over the copy's own; "" removes what they say
		eos, pad int64             // -1 for none
	}{
		{"as saved", nil, 8, 7},
		{"ids first", map[string]string{"generation_config.json": `{"eos_token_id": 3, "pad_token_id": 0}`}, 3, 0},
		{"lists", map[string]string{"generation_config.json": `{"eos_token_id": [5, 3], "pad_token_id": []}`}, 5, 7},
		{"no ids", map[string]string{"generation_config.json": `{"eos_token_id": -1, "pad_token_id": "7"}`}, 8, 7},
		{"objects", map[string]string{"tokenizer_config.json": `{"eos_token": {"content": "héllo"}, "pad_token": ` +
			`{"content": "c"}}`}, 9, 2},
		{"the map", map[string]string{"tokenizer_config.json": `{"eos_token": null}`,
			"special_tokens_map.json": `{"eos_token": "<eos>", "pad_token": {"content": "|"}}`}, 8, 5},
		{"unknown tokens", map[string]string{"tokenizer_config.json": `{"eos_token": "<gone>", "pad_token": 4}`}, -1,
			7}, // it is called <pad>
	} {
		dir := copyModel(t, filepath.Base(single))
		for name, text := range c.files {
			write(t, dir+"/"+name, text)
		}
		m, err := hf.Open(dir)
		must(t, err)
		for role, want := range map[string]int64{"eos": c.eos, "pad": c.pad} {
			if id, ok := m.SpecialTokenID(role); ok != (want >= 0) || ok && id != want {
				t.Errorf("%s: %s is %d, %v", c.name, role, id, ok)
			}
		}
		if len(m.Warnings) > 0 {
			t.Errorf("%s: %q", c.name, m.Warnings)
		}
	}
}

func TestSideFilesAreNotNeeded(t *testing.T) {
	dir := copyModel(t, "single")
	write(t, dir+"/"+"generation_config.json", "{")
	write(t, dir+"/"+"tokenizer_config.json", pointer)
	m, err := hf.Open(dir)
	must(t, err)
	want := []string{
		"tokenizer_config.json: is a Git LFS pointer, not the file itself; it is not used",
		"generation_config.json: is not valid JSON: unexpected EOF at line 1, column 2; it is not used",
	}
	if _, ok := m.SpecialTokenID("eos"); ok || !reflect.DeepEqual(m.Warnings, want) {
		t.Errorf("%v %q", ok, m.Warnings)
	}
	m, err = hf.Open("testdata/sharded") // has no tokenizer
	must(t, err)
	if _, ok := m.SpecialTokenID("eos"); ok {
		t.Error("a special token from nowhere")
	}
}
