package export_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// worded are the bundled models for OLMo-core whose tensors are cut, permuted, scaled or joined by zeros, with the
// model_type that their checkpoints are exported to without --like: the plainest.
var worded = map[string]string{
	"ernie4_5": "llama", "gemma3-vision": "gemma3_text", "glm": "glm", "glm4": "glm4", "granite": "granite",
	"granite_swa": "granite_swa", "glm4_moe": "glm4_moe",
	"helium": "llama", "hyperclovax": "hyperclovax", "internlm3": "llama", "iquestcoder": "llama",
	"qwen3_5": "qwen3_5_text", "phi3": "mistral", "phi3-part": "phi3", "qwen2": "llama", "seed_oss": "llama",
	"stablelm-bias": "stablelm", "dots1": "dots1",
}

// TestWorded exports each as the plainest, and converts that again: to the same checkpoint. As the model that was
// trained it has that one's tensors again.
func TestWorded(t *testing.T) {
	for name, family := range worded {
		if textParts[name] != "" {
			continue // TestTextPart
		}
		t.Run(name, func(t *testing.T) {
			model := filepath.Join(modelsCore, name)
			checkpoint := toCore(t, model)
			result, err := write(checkpoint, export.Options{Output: filepath.Join(t.TempDir(), "out")})
			if err != nil || result.Family != family {
				t.Fatal(result, err)
			}
			compare(t, contents(t, nativeTensors(t, toCore(t, result.Output))), contents(t, nativeTensors(t, checkpoint)))
			result, err = write(checkpoint, export.Options{Output: filepath.Join(t.TempDir(), "out"), Like: model})
			if err != nil || !strings.HasPrefix(name, result.Family) {
				t.Fatal(result, err)
			}
			got, source := contents(t, modelTensors(t, result.Output)), contents(t, modelTensors(t, model))
			if strings.HasPrefix(name, "granite") || name == "hyperclovax" {
				nearlyAlike(t, got, source)
			}
			compare(t, got, source)
		})
	}
}

// nearlyAlike replaces the contents of tensors in float32 of which each element is as near to the source's as
// multiplying and dividing comes.
func nearlyAlike(t *testing.T, got, source map[string]string) {
	t.Helper()
	const rounding = 1.2e-7
	for name := range source {
		at := strings.Index(source[name], "]") + 1
		for ; at < len(source[name]) && len(got[name]) == len(source[name]); at += 4 {
			x, y := float32At(got[name], at), float32At(source[name], at)
			if math.Abs(x-y) > rounding*math.Abs(y) {
				t.Errorf("%s: %g, want %g", name, x, y)
			}
		}
		got[name] = source[name]
	}
}

// TestTrainedZeros: a bias that is not zero is refused for a model that has none, and kept for one that has.
func TestTrainedZeros(t *testing.T) {
	model := filepath.Join(modelsCore, "qwen2")
	table, err := keymap.Parse([]byte(`
extends: olmo-core/qwen2
tensors:
  "{layer}.attention_norm.weight": {zeros: true}
  "{layer}.attention.w_out.bias": model.layers.{i}.input_layernorm.weight
`))
	if err != nil {
		t.Fatal(err)
	}
	made, err := converttest.Convert(context.Background(), model,
		convert.Options{Into: t.TempDir(), Target: "olmo-core", Keymap: table})
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := made.Output
	out := filepath.Join(t.TempDir(), "out")
	_, err = write(checkpoint, export.Options{Output: out, Like: model})
	if err == nil || !strings.Contains(err.Error(), "w_out.bias: is not zero, and qwen2 has no such tensor") {
		t.Error(err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was written")
	}
	if result, err := write(checkpoint, export.Options{Output: out}); err != nil || result.Family != "llama" {
		t.Error(result, err)
	}
}

// textParts are the models with a vision tower, and what their text parts leave as.
var textParts = map[string]string{"gemma3-vision": "gemma3_text", "qwen3_5": "qwen3_5_text"}

// TestTextPart exports what was made of the text part of a model with a vision tower: as a text model, in which the
// q norm of gemma3-vision has the factor that heads were scaled by.
func TestTextPart(t *testing.T) {
	for name, family := range textParts {
		model := filepath.Join(modelsCore, name)
		result, err := write(toCore(t, model), export.Options{Output: filepath.Join(t.TempDir(), "out")})
		if err != nil || result.Family != family {
			t.Fatal(result, err)
		}
		got, want := contents(t, modelTensors(t, result.Output)), map[string]string{}
		for full, content := range contents(t, modelTensors(t, model)) {
			if before, after, ofText := strings.Cut(full, "language_model."); ofText || full == "lm_head.weight" {
				want[before+after] = content
			}
		}
		for tensor := range want {
			if strings.Contains(tensor, "q_norm") && name == "gemma3-vision" {
				if want[tensor] == got[tensor] {
					t.Errorf("%s has no factor", tensor)
				}
				want[tensor] = got[tensor]
			}
		}
		compare(t, got, want)
	}
}

// remainders are models of which parts are left out on the way in, and what the rest leaves as, whatever was trained.
var remainders = map[string]string{"emu3": "llama", "got_ocr2": "llama", "mimo": "llama",
	"moss_transcribe_diarize": "qwen3"}

// TestRemainder: the rest is a model of its own, of which the same checkpoint is made.
func TestRemainder(t *testing.T) {
	for name, family := range remainders {
		model := filepath.Join(modelsCore, name)
		checkpoint := toCore(t, model)
		result, err := write(checkpoint, export.Options{Output: filepath.Join(t.TempDir(), "out"), Like: model})
		if err != nil || result.Family != family {
			t.Fatal(name, result, err)
		}
		compare(t, contents(t, nativeTensors(t, toCore(t, result.Output))), contents(t, nativeTensors(t, checkpoint)))
	}
}

// TestScaleLike: a factor is taken out again for the model that was trained, with a warning that this rounds; if it is
// a power of two it does not.
func TestScaleLike(t *testing.T) {
	for scalar, rounded := range map[string]bool{"9": true, "1.5": false} { // of heads of 6: 6 / 1.5 is 2 * 2
		model := filepath.Join(t.TempDir(), "gemma3-scaled")
		if err := os.CopyFS(model, os.DirFS(filepath.Join(modelsCore, "gemma3-scaled"))); err != nil {
			t.Fatal(err)
		}
		converttest.Edit(t, filepath.Join(model, "config.json"), `"query_pre_attn_scalar": 6`,
			`"query_pre_attn_scalar": `+scalar)
		result, err := write(toCore(t, model), export.Options{Output: filepath.Join(t.TempDir(), "out"), Like: model})
		if err != nil {
			t.Fatal(err)
		}
		got, source := contents(t, modelTensors(t, result.Output)), contents(t, modelTensors(t, model))
		roundedAlike(t, got, source)
		compare(t, got, source)
		const said = "more are divided by what gemma3_text multiplies by: each element is rounded once"
		if strings.Contains(strings.Join(result.Warnings, " "), said) != rounded {
			t.Errorf("%s: %q", scalar, result.Warnings)
		}
	}
}

// TestNorms: norms that are in float32 beside bfloat16 come back as the latter. Without the model that was trained a
// factor stays in them, and they are rounded: that is said, and nothing is where every element comes back as it was.
func TestNorms(t *testing.T) {
	for scalar, rounded := range map[string]bool{"9": true, "6": false} { // of heads of 6
		trained := filepath.Join(t.TempDir(), "gemma3-scaled")
		if err := os.CopyFS(trained, os.DirFS(filepath.Join(modelsCore, "gemma3-scaled"))); err != nil {
			t.Fatal(err)
		}
		converttest.Edit(t, filepath.Join(trained, "config.json"), `"query_pre_attn_scalar": 6`,
			`"query_pre_attn_scalar": `+scalar)
		narrow, err := write(toCore(t, trained), export.Options{Output: filepath.Join(t.TempDir(), "narrow"),
			DType: tensor.BFloat16, Like: trained})
		if err != nil {
			t.Fatal(err)
		}
		checkpoint := toCore(t, narrow.Output)
		for dtype, rounded := range map[tensor.DType]bool{tensor.Invalid: rounded, tensor.Float32: false} {
			result, err := write(checkpoint, export.Options{Output: filepath.Join(t.TempDir(), "out"), DType: dtype})
			if err != nil {
				t.Fatal(err)
			}
			const said = "model.layers.0.self_attn.q_norm.weight and 6 more are float32 in the checkpoint, and " +
				"rounded to bfloat16 as most of the model is: --dtype float32 rounds nothing"
			if strings.Contains(strings.Join(result.Warnings, "\n"), said) != rounded {
				t.Errorf("%s, %v: %q", scalar, dtype, result.Warnings)
			}
			if dtype == tensor.Invalid && !rounded {
				compare(t, contents(t, modelTensors(t, result.Output)), contents(t, modelTensors(t, narrow.Output)))
			}
		}
	}
}
