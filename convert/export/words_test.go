package export_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/converttest"
	"hf2olmo/convert/export"
)

// TestTextPart exports what was made of the text part of a model with a vision tower: as a text model, whose q norm
// has the factor that heads were scaled by.
func TestTextPart(t *testing.T) {
	model := filepath.Join(modelsCore, "gemma3-vision")
	result, err := write(toCore(t, model), export.Options{Output: filepath.Join(t.TempDir(), "out")})
	if err != nil || result.Family != "gemma3_text" {
		t.Fatal(result, err)
	}
	got, want := contents(t, modelTensors(t, result.Output)), map[string]string{}
	for name, content := range contents(t, modelTensors(t, model)) {
		if name, ofText := strings.CutPrefix(name, "language_model."); ofText {
			want[name] = content
		}
	}
	for name := range want {
		if strings.Contains(name, "q_norm") {
			if want[name] == got[name] {
				t.Errorf("%s has no factor", name)
			}
			want[name] = got[name]
		}
	}
	compare(t, got, want)
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
		const said = "q_norm.weight the first, are divided by what gemma3_text multiplies by: each element is rounded once"
		if strings.Contains(strings.Join(result.Warnings, " "), said) != rounded {
			t.Errorf("%s: %q", scalar, result.Warnings)
		}
	}
}
