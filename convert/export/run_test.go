package export_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/export"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

// TestRuns exports what verl and accelerate saved: the tensors of the whole model, its config.json, a name
// after the step.
func TestRuns(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "hf")
	for name, at := range map[string]string{"verl-fsdp1-mesh-llama-tied": "global_step_5",
		"verl-fsdp1-olmo2": "global_step_5/actor", "verl-fsdp2-qwen3": "global_step_5",
		"accelerate-fsdp1-olmo2": "checkpoint-5",
		"accelerate-fsdp2-llama": "checkpoint-5/pytorch_model_fsdp_0"} {
		t.Run(name, func(t *testing.T) {
			whole := filepath.Join(root, name, "expected")
			o := export.Options{Into: t.TempDir()}
			if strings.HasPrefix(name, "accelerate") {
				if _, err := write(filepath.Join(root, name, at), o); err == nil {
					t.Error(err)
				}
				o.Like = whole
			}
			result, err := write(filepath.Join(root, name, at), o)
			if err != nil {
				t.Fatal(err)
			}
			if step, _, _ := strings.Cut(at, "/"); filepath.Base(result.Output) != step+"-hf" || result.Family == "" {
				t.Errorf("%+v", result)
			}
			got, want := contents(t, modelTensors(t, result.Output)), contents(t, modelTensors(t, whole))
			if name == "verl-fsdp1-mesh-llama-tied" { // a tied head may be there too
				delete(got, "lm_head.weight")
				delete(want, "lm_head.weight")
			}
			compare(t, got, want)
			if again, err := write(filepath.Join(root, name, at), o); err != nil || !again.Unchanged {
				t.Error(again, err)
			}
			o.DType, o.Into = tensor.Float16, t.TempDir()
			if result, err = write(filepath.Join(root, name, at), o); err != nil || result.DType != "float16" ||
				readObject(t, result.Output, "config.json")["torch_dtype"] != "float16" {
				t.Error(result, err)
			}
		})
	}
}

func readObject(t *testing.T, path ...string) (object map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err == nil {
		err = json.Unmarshal(text, &object)
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// runCopy is a run of verl whose files can be changed; config is the folder of its config.json.
func runCopy(t *testing.T) (dir, config string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "global_step_5")
	err := os.CopyFS(dir, os.DirFS(filepath.Join(fixtures.Extract(t), "hf", "verl-fsdp2-qwen3", "global_step_5")))
	if err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(dir, "actor", "huggingface")
}

func writeFile(t *testing.T, text string, path ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(path...), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestGathered exports what accelerate gathered into one file, and the latest step of a run's folder.
func TestGathered(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	for _, step := range []string{"checkpoint-9", "checkpoint-10"} {
		if err := os.MkdirAll(filepath.Join(run, step), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	weights, err := os.ReadFile(models + "/llama-bin/pytorch_model.bin")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, string(weights), run, "checkpoint-9", "pytorch_model_fsdp.bin")
	if _, err := write(run, export.Options{Into: t.TempDir()}); err == nil {
		t.Error("a model without config.json was exported")
	}
	writeFile(t, string(weights), run, "checkpoint-10", "pytorch_model_fsdp.bin")
	result, err := write(run, export.Options{Into: t.TempDir(), Like: models + "/llama-bin"})
	if err != nil || filepath.Base(result.Output) != "checkpoint-10-hf" || result.Family != "llama" {
		t.Fatal(result, err)
	}
	compare(t, contents(t, modelTensors(t, result.Output)), contents(t, modelTensors(t, models+"/llama-bin")))
}

// TestRunFiles: a run's config.json is kept, in words that transformers 4 understands too, and its tokenizer
// and templates go along. A family of which no table knows is merged with a warning; what a known one lacks, or a
// rank's file that is missing, is refused.
func TestRunFiles(t *testing.T) {
	dir, config := runCopy(t)
	own := readObject(t, config, "config.json")
	delete(own, "rope_theta")
	delete(own, "rope_scaling")
	own["rope_parameters"] = map[string]any{"rope_type": "default", "rope_theta": 5e6}
	own["mine"] = "kept"
	save := func() {
		text, err := json.Marshal(own)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, string(text), config, "config.json")
	}
	save()
	tokenizer, err := os.ReadFile(models + "/llama/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, string(tokenizer), config, "tokenizer.json")
	writeFile(t, `{"tokenizer_class": "Qwen2Tokenizer", "x": 1}`, config, "tokenizer_config.json")
	writeFile(t, "{{ x }}", config, "chat_template.jinja")
	result, err := write(dir, export.Options{Into: t.TempDir()})
	if err != nil || len(result.Warnings) > 0 {
		t.Fatal(result, err)
	}
	got := readObject(t, result.Output, "config.json")
	if got["rope_theta"] != 5e6 || got["mine"] != "kept" || got["rope_parameters"] == nil {
		t.Error(got)
	}
	settings := readObject(t, result.Output, "tokenizer_config.json")
	if settings["tokenizer_class"] != "PreTrainedTokenizerFast" || settings["x"] != 1.0 {
		t.Error(settings)
	}
	if _, err := os.Stat(filepath.Join(result.Output, "chat_template.jinja")); err != nil {
		t.Error(err)
	}
	own["model_type"] = "unheard_of"
	save()
	result, err = write(dir, export.Options{Into: t.TempDir()})
	if err != nil || !slices.ContainsFunc(result.Warnings, func(w string) bool {
		return strings.HasPrefix(w, "no table knows the model_type unheard_of: ")
	}) {
		t.Error(result, err)
	}
	own["model_type"], own["num_hidden_layers"] = "qwen3", 3
	save()
	if _, err = write(dir, export.Options{Into: t.TempDir()}); err == nil ||
		!strings.Contains(err.Error(), "model.layers.2.") {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "actor", "model_world_size_3_rank_1.pt")); err != nil {
		t.Fatal(err)
	}
	if _, err = write(dir, export.Options{Into: t.TempDir()}); err == nil ||
		!strings.Contains(err.Error(), "model_world_size_3_rank_1.pt: does not exist") {
		t.Error(err)
	}
}
