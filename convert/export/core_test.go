package export_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
	"hf2olmo/convert/tensor"
	fixtures "hf2olmo/testdata/sharded"
)

const modelsCore = "../../testdata/models-olmo-core"

// bundledCore are the bundled models for OLMo-core, with the model_type that their checkpoints are exported to.
var bundledCore = map[string]string{
	"flex_olmo": "flex_olmo", "gemma3": "gemma3_text", "gemma3-scaled": "gemma3_text", "llama-linear": "llama",
	"llama-llama3": "llama", "mistral-window": "mistral", "olmo3": "olmo3", "olmo3-yarn-flat": "olmo3", "olmoe": "olmoe",
	"qwen3": "qwen3", "qwen3-tied": "qwen3", "../models/llama": "llama", "../models/mistral": "llama",
	"../models/olmo2": "olmo2", "../models/olmo2-sharded": "olmo2", "../models/torch-shared": "llama",
	"../models/torch-strided": "olmo2", "../models/torch-views": "llama",
	"cwm": "cwm", "exaone4": "exaone4", "gemma": "gemma", "llama-bias": "llama", "ministral": "ministral",
	"mellum":     "mellum",
	"ministral3": "llama", "mixtral": "mixtral", "qwen3_moe": "qwen3_moe", "smollm3": "smollm3", "stablelm": "stablelm",
	"olmo_hybrid": "olmo_hybrid", "olmo_hybrid-published": "olmo_hybrid",
	"qwen3_5_text": "qwen3_5_text",
}

// TestRoundTripCore is TestRoundTrip of checkpoints of OLMo-core.
func TestRoundTripCore(t *testing.T) {
	folders, err := os.ReadDir(modelsCore)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if bundledCore[f.Name()]+worded[f.Name()]+remainders[f.Name()] == "" {
			t.Errorf("%s is not tested", f.Name())
		}
	}
	for name, family := range bundledCore {
		t.Run(filepath.Base(name), func(t *testing.T) {
			model := filepath.Join(modelsCore, name)
			checkpoint := toCore(t, model)
			result, err := write(checkpoint, export.Options{Output: filepath.Join(t.TempDir(), "out")})
			if err != nil || result.Family != family {
				t.Fatal(result, err)
			}
			got, source := contents(t, modelTensors(t, result.Output)), contents(t, modelTensors(t, model))
			maps.DeleteFunc(source, func(name, content string) bool { // what the way in leaves out
				return strings.HasSuffix(name, "inv_freq") ||
					name == "lm_head.weight" && got[name] == "" && content == source["model.embed_tokens.weight"]
			})
			if strings.HasPrefix(name, "gemma3") {
				roundedAlike(t, got, source)
			}
			if name != "olmo_hybrid" { // transformers saves it under other names than those that are published
				compare(t, got, source)
			}
			compare(t, contents(t, nativeTensors(t, toCore(t, result.Output))), contents(t, nativeTensors(t, checkpoint)))
		})
	}
}

// roundedAlike replaces the contents of norms in float32 that are as near to the source's as adding one and
// taking it away again comes.
func roundedAlike(t *testing.T, got, source map[string]string) {
	const rounding = 6e-8
	for name := range source {
		if !strings.Contains(name, "norm") || !strings.HasPrefix(source[name], "float32") ||
			len(got[name]) != len(source[name]) {
			continue
		}
		at := strings.Index(source[name], "]") + 1
		for ; at < len(source[name]); at += 4 {
			x, y := float32At(got[name], at), float32At(source[name], at)
			if math.Abs(x-y) > rounding {
				t.Errorf("%s: %g, want %g", name, x, y)
			}
		}
		got[name] = source[name]
	}
}

func float32At(s string, at int) float64 {
	return float64(math.Float32frombits(binary.LittleEndian.Uint32([]byte(s[at : at+4]))))
}

// toCore converts a model of Hugging Face for OLMo-core.
func toCore(t *testing.T, model string) string {
	t.Helper()
	result, err := converttest.Convert(context.Background(), model,
		convert.Options{Into: t.TempDir(), Target: "olmo-core"})
	if err != nil {
		t.Fatal(err)
	}
	return result.Output
}

// TestTrainedCore exports what OLMo-core's own trainer saved on several ranks, with its optimizer, given as each folder
// that people give, and converts that again: every tensor has the bytes that the ranks had.
func TestTrainedCore(t *testing.T) {
	runs := filepath.Join(fixtures.Extract(t), "core")
	for name, inside := range map[string]string{"llama-fsdp3-lion": "", "olmo2-ddp2-skip": "model_and_optim",
		"olmo2-tp2fsdp2-adamw": ""} {
		t.Run(name, func(t *testing.T) {
			result, err := write(filepath.Join(runs, name, inside), export.Options{Into: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(result.Output) != name+"-hf" {
				t.Error(result.Output)
			}
			var expected struct{ Model map[string]fixtures.Sum }
			fixtures.ReadJSON(t, filepath.Join(runs, name, "expected.json"), &expected)
			want := map[string]string{}
			for name, one := range expected.Model {
				want[strings.TrimPrefix(name, "model.")] = one.DType + tensor.ShapeString(one.Shape) + one.SHA256
			}
			compare(t, hashed(contents(t, nativeTensors(t, toCore(t, result.Output)))), want)
		})
	}
}

// TestTiedCore exports a checkpoint whose config ties two matrices that differ, of which the trainer reads one: it is
// refused before anything is written.
func TestTiedCore(t *testing.T) {
	checkpoint := toCore(t, filepath.Join(models, "olmo2"))
	path := filepath.Join(checkpoint, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tied := bytes.Replace(text, []byte(`"d_model":`), []byte(`"tie_word_embeddings": true, "d_model":`), 1)
	if err := os.WriteFile(path, tied, 0o666); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err = write(checkpoint, export.Options{Output: filepath.Join(dir, "out")})
	if err == nil || !strings.Contains(err.Error(),
		"lm_head.w_out.weight: differs from embeddings.weight, to which config.json ties it") {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// TestDTypeCore casts as the way in does: norms that are stored with 1 added too.
func TestDTypeCore(t *testing.T) {
	model := filepath.Join(modelsCore, "gemma3")
	out := filepath.Join(t.TempDir(), "out")
	narrow, err := write(toCore(t, model), export.Options{Output: out, DType: tensor.BFloat16})
	if err != nil || narrow.DType != "bfloat16" {
		t.Fatal(narrow, err)
	}
	again, err := write(toCore(t, narrow.Output), export.Options{Output: filepath.Join(t.TempDir(), "again")})
	if err != nil || again.DType != "bfloat16" {
		t.Fatal(again, err)
	}
	compare(t, contents(t, modelTensors(t, again.Output)), contents(t, modelTensors(t, narrow.Output)))
}
