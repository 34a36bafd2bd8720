package convert_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/verify"
)

// beside are the small files of a model, as an instruction-tuned one has them.
var beside = map[string]string{
	"tokenizer_config.json": `{"eos_token": "<|endoftext|>", "tokenizer_class": "GPT2Tokenizer", "bos_token": null, ` +
		`"pad_token": "<|padding|>", "chat_template": "{{ messages }}", "model_max_length": 1000000000000000019884624838656}`,
	"special_tokens_map.json": `{"eos_token": "<|endoftext|>"}`,
	"chat_template.jinja":     "{{ bos_token }}\n",
	"chat_template.json":      `{"chat_template": "x"}`,
	"generation_config.json":  `{"eos_token_id": [0, 3], "temperature": 0.6}`,
}

func modelWithBeside(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join(testdata, "models", "llama"))))
	for name, text := range beside {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	must(t, err)
	return string(text)
}

// TestBeside: the tokenizer, its settings, the chat template and the generation config go along to both
// trainers, byte for byte, but for the class in tokenizer_config.json: OLMo-core opens the folder with
// AutoTokenizer. The manifest lists them, verify compares them.
func TestBeside(t *testing.T) {
	for _, target := range []string{"olmo", "olmo-core"} {
		model := modelWithBeside(t)
		o := convert.Options{Target: target, Output: filepath.Join(t.TempDir(), "out")}
		result, err := converttest.Convert(context.Background(), model, o)
		must(t, err)
		manifest := folder.ReadManifest(result.Output)
		for _, name := range tokenizers.Beside {
			got, want := read(t, result.Output, name), read(t, model, name)
			if name == "tokenizer_config.json" && target == "olmo-core" {
				var values map[string]any
				must(t, json.Unmarshal([]byte(got), &values))
				if values["tokenizer_class"] != "PreTrainedTokenizerFast" || values["chat_template"] != "{{ messages }}" {
					t.Error(got)
				}
				got = want
			}
			if got != want {
				t.Errorf("%s, %s: %q, want %q", target, name, got, want)
			}
			listed := func(s folder.State) bool { return s.Name == name }
			if !slices.ContainsFunc(manifest.Outputs, listed) || !slices.ContainsFunc(manifest.Sources, listed) {
				t.Errorf("%s: the manifest does not list %s", target, name)
			}
		}
		again, err := converttest.Convert(context.Background(), model, o)
		if err != nil || !again.Unchanged || len(again.Warnings) > 0 {
			t.Error(target, again, err)
		}
		compareBeside(t, model, result.Output)
		must(t, os.WriteFile(filepath.Join(model, "chat_template.jinja"), []byte("{{ eos_token }}\n"), 0o666))
		_, err = converttest.Convert(context.Background(), model, o)
		if err == nil || !strings.Contains(err.Error(), "already exists, chat_template.jinja has different contents") {
			t.Error(target, err)
		}
		o.Folder.Force = true
		_, err = converttest.Convert(context.Background(), model, o)
		if must(t, err); read(t, result.Output, "chat_template.jinja") != "{{ eos_token }}\n" {
			t.Error("the template is the earlier one")
		}
	}
}

// compareBeside: verify says of a folder that it is the same, and of one of whose files was edited or
// is gone that it is not.
func compareBeside(t *testing.T, model, output string) {
	t.Helper()
	result, err := verify.Folder(context.Background(), model, output, verify.Options{})
	if err != nil || !result.Same() || len(result.Warnings) > 0 {
		t.Error(result, err)
	}
	edited := filepath.Join(t.TempDir(), filepath.Base(output))
	must(t, os.CopyFS(edited, os.DirFS(output)))
	must(t, os.WriteFile(filepath.Join(edited, "generation_config.json"), []byte("{}"), 0o666))
	must(t, os.Remove(filepath.Join(edited, "tokenizer_config.json")))
	result, err = verify.Folder(context.Background(), model, edited, verify.Options{})
	must(t, err)
	found := map[string]string{}
	for _, d := range result.Config {
		found[d.File] = d.Found
	}
	want := map[string]string{"generation_config.json": "different contents", "tokenizer_config.json": "missing"}
	if !maps.Equal(found, want) {
		t.Errorf("%q, want %q", found, want)
	}
}

// TestEarlierFolder: a folder that an earlier version made, without these files and with the model's
// folder as the tokenizer of OLMo-core, is as good as it was: convert leaves it alone and says what it
// lacks, verify finds it the same.
func TestEarlierFolder(t *testing.T) {
	for _, target := range []string{"olmo", "olmo-core"} {
		model := modelWithBeside(t)
		o := convert.Options{Target: target, Output: filepath.Join(t.TempDir(), "out")}
		result, err := converttest.Convert(context.Background(), model, o)
		must(t, err)
		asBefore(t, result.Output, model, target == "olmo-core")
		again, err := converttest.Convert(context.Background(), model, o)
		if err != nil || !again.Unchanged || len(again.Warnings) != 1 ||
			!strings.Contains(again.Warnings[0], "was converted without") ||
			!strings.Contains(again.Warnings[0], "generation_config.json of the model; --force converts again") {
			t.Error(target, again, err)
		}
		compared, err := verify.Folder(context.Background(), model, result.Output, verify.Options{})
		if err != nil || !compared.Same() {
			t.Error(target, compared, err)
		}
		o.Folder.Force = true
		_, err = converttest.Convert(context.Background(), model, o)
		if must(t, err); read(t, result.Output, "chat_template.json") != beside["chat_template.json"] {
			t.Error(target, "was not made again")
		}
	}
}

// asBefore makes a folder what earlier versions left there.
func asBefore(t *testing.T, output, model string, core bool) {
	t.Helper()
	gone := func(s folder.State) bool {
		return beside[s.Name] != "" || core && s.Name == tokenizers.FileName
	}
	manifest := folder.ReadManifest(output)
	for _, s := range manifest.Outputs {
		if gone(s) {
			must(t, os.Remove(filepath.Join(output, s.Name)))
		}
	}
	manifest.Outputs = slices.DeleteFunc(manifest.Outputs, gone)
	manifest.Sources = slices.DeleteFunc(manifest.Sources, func(s folder.State) bool { return beside[s.Name] != "" })
	if core {
		config := strings.Replace(read(t, output, "config.json"), `"`+output+`"`, `"`+model+`"`, 1)
		must(t, os.WriteFile(filepath.Join(output, "config.json"), []byte(config), 0o666))
	}
	text, err := manifest.Text()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(output, folder.ManifestFile), text, 0o666))
}

// TestBesideNotRead: what transformers could not read does not go along, and is said.
func TestBesideNotRead(t *testing.T) {
	for name, text := range map[string]string{"chat_template.jinja": "\xff", "chat_template.json": "{",
		"special_tokens_map.json": "[]", "generation_config.json": strings.Repeat(" ", 9<<20)} {
		model := modelWithBeside(t)
		must(t, os.WriteFile(filepath.Join(model, name), []byte(text), 0o666))
		result, err := converttest.Convert(context.Background(), model, convert.Options{Into: t.TempDir()})
		must(t, err)
		if _, err := os.Stat(filepath.Join(result.Output, name)); err == nil {
			t.Error(name, "was copied")
		}
		if !slices.ContainsFunc(result.Warnings, func(w string) bool {
			return strings.HasPrefix(w, name+": ") && strings.HasSuffix(w, "; it is not used")
		}) {
			t.Errorf("%s: %q", name, result.Warnings)
		}
	}
	model := modelWithBeside(t)
	must(t, os.Mkdir(filepath.Join(model, "additional_chat_templates"), 0o777))
	result, err := converttest.Convert(context.Background(), model, convert.Options{Into: t.TempDir()})
	if err != nil || len(result.Warnings) != 1 || !strings.Contains(result.Warnings[0], "additional_chat_templates") {
		t.Error(result, err)
	}
	outside := filepath.Join(t.TempDir(), "template")
	must(t, os.WriteFile(outside, []byte("x"), 0o666))
	must(t, os.Remove(filepath.Join(model, "chat_template.jinja")))
	must(t, os.Symlink(outside, filepath.Join(model, "chat_template.jinja")))
	_, err = converttest.Convert(context.Background(), model, convert.Options{Into: t.TempDir(), NoFollow: true})
	if err == nil || !strings.Contains(err.Error(), "chat_template.jinja: is a link that points outside the folder") {
		t.Error(err)
	}
}
