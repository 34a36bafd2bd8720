package export_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/export"
)

// likeModel is a bundled model with the small files of an instruction-tuned one, and other fields.
func likeModel(t *testing.T, model string, change map[string]any) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), filepath.Base(model))
	if err := os.CopyFS(dir, os.DirFS(model)); err != nil {
		t.Fatal(err)
	}
	config := readObject(t, dir, "config.json")
	for name, value := range change {
		config[name] = value
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, string(text), dir, "config.json")
	writeFile(t, `{"tokenizer_class": "GPT2Tokenizer", "added": true}`, dir, "tokenizer_config.json")
	writeFile(t, `{"eos_token_id": [0, 3]}`, dir, "generation_config.json")
	writeFile(t, "{{ x }}", dir, "chat_template.jinja")
	return dir
}

// TestLike: the tokenizer's files, the template and the generation config are those of the model that was
// trained, with what the checkpoint does not say; its class decides where two compute the same.
func TestLike(t *testing.T) {
	for name, c := range map[string]struct {
		model, family string
		core          bool
	}{
		"llama": {models + "/llama", "llama", false}, "mistral": {models + "/mistral", "mistral", false},
		"olmo2": {models + "/olmo2", "olmo2", false}, "mistral for OLMo-core": {models + "/mistral", "mistral", true},
		"qwen3": {modelsCore + "/qwen3", "qwen3", true},
	} {
		like := likeModel(t, c.model, map[string]any{"bos_token_id": 2, "eos_token_id": []int{0, 3},
			"max_position_embeddings": 99})
		convert := toNative
		if c.core {
			convert = toCore
		}
		checkpoint := convert(t, c.model) // as an earlier version may have left it: without these files
		result, err := write(checkpoint, export.Options{Output: filepath.Join(t.TempDir(), "out"), Like: like})
		if err != nil || result.Family != c.family || len(result.Warnings) > 0 {
			t.Error(name, result, err)
			continue
		}
		config := readObject(t, result.Output, "config.json")
		for field, want := range map[string]any{"max_position_embeddings": 99.0, "bos_token_id": 2.0,
			"eos_token_id": []any{0.0, 3.0}} {
			if !reflect.DeepEqual(config[field], want) {
				t.Errorf("%s: %s is %v, want %v", name, field, config[field], want)
			}
		}
		settings := readObject(t, result.Output, "tokenizer_config.json")
		if settings["tokenizer_class"] != "PreTrainedTokenizerFast" || settings["added"] != true {
			t.Error(name, settings)
		}
		for _, file := range []string{"tokenizer.json", "chat_template.jinja", "generation_config.json"} {
			want, err1 := os.ReadFile(filepath.Join(like, file))
			got, err := os.ReadFile(filepath.Join(result.Output, file))
			if err != nil || err1 != nil || string(got) != string(want) {
				t.Error(name, file, err)
			}
		}
		again, err := write(result.Output+"/..", export.Options{})
		if err == nil {
			t.Error(again)
		}
	}
}

// another is the advice about a model of another family.
const another = "Name the model that was trained with --like, or leave --like out."

// TestUnlike: what the model that was trained says otherwise is refused, all of it; a token is a warning.
func TestUnlike(t *testing.T) {
	checkpoint := toNative(t, models+"/llama")
	broken := t.TempDir()
	writeFile(t, "{", broken, "config.json")
	for name, c := range map[string]struct {
		model  string
		change map[string]any
		want   []string
	}{
		"fields": {models + "/llama", map[string]any{"rms_norm_eps": 1e-3, "num_key_value_heads": 4, "vocab_size": 96},
			[]string{"layer_norm_eps is 1e-05 (llama: 0.001)", "n_kv_heads is 2 (llama: 4)",
				"embedding_size is 104 (llama: 96)"}},
		"family": {models + "/olmo2", nil, []string{"is of an olmo2 model, and the checkpoint is a llama model, in which",
			"norm_after is false (olmo2: true)", another}},
		"family of the other trainer": {modelsCore + "/qwen3", nil, []string{
			"is of a qwen3 model, which allenai/OLMo does not train, and the checkpoint is a llama model", another}},
		"unknown":  {models + "/llama", map[string]any{"model_type": "unheard_of"}, []string{"unheard_of"}},
		"no model": {t.TempDir(), nil, []string{"contains no config.json of a Hugging Face model"}},
		"no such":  {"/nowhere", nil, []string{"does not exist"}},
		"broken":   {broken, nil, []string{"config.json: is not valid JSON"}},
	} {
		like := c.model
		if strings.HasPrefix(like, models) || strings.HasPrefix(like, modelsCore) {
			like = likeModel(t, like, c.change)
		}
		out := filepath.Join(t.TempDir(), "out")
		_, err := write(checkpoint, export.Options{Output: out, Like: like})
		for _, want := range c.want {
			if err == nil || !strings.Contains(fullText(err), want) || !strings.Contains(err.Error(), "--like "+like) ||
				strings.Contains(fullText(err), "--target") {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
		}
		if _, err := os.Stat(out); err == nil {
			t.Error(name, "was written")
		}
	}
	like := likeModel(t, models+"/llama", map[string]any{"eos_token_id": []int{4, 5}})
	result, err := write(checkpoint, export.Options{Output: filepath.Join(t.TempDir(), "out"), Like: like})
	if err != nil || !slices.ContainsFunc(result.Warnings, func(w string) bool {
		return strings.HasPrefix(w, "eos_token_id is 0, which is none of those of --like ")
	}) {
		t.Error(result, err)
	}
}

// TestLikeServes: a checkpoint of OLMo-core that does not say what its model is takes the config of the model that
// was trained, a download or a folder that hf2olmo wrote; the tensors prove it.
func TestLikeServes(t *testing.T) {
	model := modelsCore + "/qwen3"
	whole, other := toCore(t, model), toCore(t, modelsCore+"/llama-llama3")
	for name, change := range map[string]func(dir string){
		"no config": func(dir string) { os.Remove(filepath.Join(dir, "config.json")) },
		"no model": func(dir string) {
			config := readObject(t, dir, "config.json")
			delete(config, "model")
			text, _ := json.Marshal(config)
			writeFile(t, string(text), dir, "config.json")
		},
	} {
		checkpoint := filepath.Join(t.TempDir(), "step7")
		if err := os.CopyFS(checkpoint, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		change(checkpoint)
		if _, err := write(checkpoint, export.Options{Into: t.TempDir()}); err == nil {
			t.Error(name, err)
		}
		for _, like := range []string{model, whole} {
			result, err := write(checkpoint, export.Options{Into: t.TempDir(), Like: like})
			if err != nil {
				t.Error(name, like, err)
				continue
			}
			compare(t, contents(t, modelTensors(t, result.Output)), contents(t, modelTensors(t, model)))
		}
		for _, like := range []string{models + "/llama", other} {
			if _, err := write(checkpoint, export.Options{Into: t.TempDir(), Like: like}); err == nil {
				t.Error(name, "is like", like)
			}
		}
	}
}

// TestPlaces: the tokenizer is looked for in the checkpoint, then where its config names one, then in the
// checkpoint that the run started from; one that was chosen with --tokenizer comes before the copy of the model's.
func TestPlaces(t *testing.T) {
	start := toNative(t, models+"/llama")
	trained := filepath.Join(t.TempDir(), "run", "step5-unsharded")
	if err := os.CopyFS(trained, os.DirFS(start)); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(trained, "tokenizer.json"))
	os.Remove(filepath.Join(trained, "hf2olmo.json"))
	writeFile(t, `{"mine": 1}`, start, "tokenizer_config.json")
	mine := func(dir string) string {
		result, err := write(dir, export.Options{Output: filepath.Join(t.TempDir(), "out")})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(result.Output, "tokenizer_config.json"))
		if err != nil {
			return fmt.Sprint(result.Warnings)
		}
		return string(text)
	}
	edit := func(dir, old, new string) {
		text, err := os.ReadFile(filepath.Join(dir, "config.yaml"))
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatal(old, err)
		}
		writeFile(t, strings.Replace(string(text), old, new, 1), dir, "config.yaml")
	}
	if got := mine(trained); !strings.Contains(got, `"mine": 1`) { // by the identifier
		t.Error(got)
	}
	edit(trained, "identifier: "+start+"/tokenizer.json", "identifier: org/gone")
	if got := mine(trained); !strings.Contains(got, `"mine": 1`) { // by load_path
		t.Error(got)
	}
	edit(trained, "load_path: "+start, "load_path: null")
	if got := mine(trained); !strings.Contains(got, "nor is org/gone one") {
		t.Error(got)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.CopyFS(other, os.DirFS(start)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, `{"mine": 2}`, other, "tokenizer_config.json")
	edit(start, "identifier: "+start+"/tokenizer.json", "identifier: "+other+"/tokenizer.json")
	if got := mine(start); !strings.Contains(got, `"mine": 1`) { // the folder's comes first
		t.Error(got)
	}
	manifest, err := os.ReadFile(filepath.Join(start, "hf2olmo.json"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, strings.Replace(string(manifest), `"tokenizer": ""`, `"tokenizer": "x"`, 1), start, "hf2olmo.json")
	if got := mine(start); !strings.Contains(got, `"mine": 2`) { // but for one that was chosen
		t.Error(got)
	}
}
