package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/hf"
	"hf2olmo/keymap"
)

// familyNames are what people call the families.
var familyNames = map[string]string{
	"hf_olmo": "OLMo 1 as hf_olmo packs it", "olmo": "OLMo 1", "olmo2": "OLMo 2", "olmo3": "OLMo 3", "olmoe": "OLMoE",
	"flex_olmo": "FlexOLMo", "llama": "Llama 1–3, TinyLlama, SmolLM, …", "mistral": "Mistral", "ministral": "Ministral",
	"mixtral": "Mixtral", "qwen2": "Qwen 2 and 2.5", "qwen3": "Qwen 3", "qwen3_moe": "Qwen 3 MoE", "gemma": "Gemma 1",
	"gemma3": "Gemma 3", "gemma3_text": "Gemma 3 text", "phi3": "Phi 3 and 4", "granite": "Granite 3",
	"smollm3": "SmolLM 3", "stablelm": "StableLM", "exaone4": "EXAONE 4", "ernie4_5": "ERNIE 4.5",
	"glm": "GLM 4 9B", "glm4": "GLM 4 0414", "seed_oss": "Seed-OSS", "mpt": "MPT", "cwm": "CWM",
	"helium": "Helium 1", "hyperclovax": "HyperCLOVA X SEED Think", "internlm3": "InternLM 3",
	"iquestcoder": "IQuest-Coder", "mimo": "MiMo 7B", "ministral3": "Devstral 2",
	"emu3":        "Emu 3",
	"granite_swa": "Granite Swash", "got_ocr2": "GOT-OCR 2", "moss_transcribe_diarize": "MOSS-Transcribe-Diarize",
	"olmo_hybrid": "OLMo Hybrid", "qwen3_5": "Qwen 3.5", "qwen3_5_text": "Qwen 3.5 text",
	"mellum": "Mellum 2", "glm4_moe": "GLM 4.5 and 4.6",
	"dots1": "dots.llm1",
}

// TestFamilyTable: the first page has the families of the bundled tables. Those with the same answers share a row.
func TestFamilyTable(t *testing.T) {
	type answer struct {
		trainers [2]bool
		back     string
	}
	answers := map[string]answer{}
	elsewhere := leaveAs(t)
	for _, b := range keymap.Tables() {
		table, err := b.Text()
		must(t, err)
		a := answers[b.Family]
		a.trainers[slices.Index(keymap.Targets(), b.Target)] = true
		switch types := elsewhere[b.Family]; {
		case strings.Contains(string(table), "\nexport:\n"):
			a.back = "yes"
		case a.back == "" && len(types) > 0:
			a.back = "as `" + strings.Join(types, "`, `") + "`"
		}
		answers[b.Family] = a
	}
	rows := map[answer][]string{}
	for family, a := range answers {
		if familyNames[family] == "" {
			t.Errorf("familyNames lacks %s", family)
		}
		rows[a] = append(rows[a], fmt.Sprintf("%s (`%s`)", familyNames[family], family))
	}
	want := "| model | allenai/OLMo | OLMo-core | back to Hugging Face |\n|---|---|---|---|\n"
	word := map[bool]string{true: "yes", false: "no"}
	order := func(a answer) string { // what has more comes first
		return fmt.Sprint(!a.trainers[0], a.back != "yes", !a.trainers[1], a.back)
	}
	byOrder := func(a, b answer) int { return strings.Compare(order(a), order(b)) }
	for _, a := range slices.SortedFunc(maps.Keys(rows), byOrder) {
		slices.Sort(rows[a])
		want += fmt.Sprintf("| %s | %s | %s | %s |\n", strings.Join(rows[a], ", "), word[a.trainers[0]], word[a.trainers[1]],
			cmp.Or(a.back, "no"))
	}
	text, err := os.ReadFile("../../README.md")
	must(t, err)
	if !strings.Contains(string(text), "<!-- families -->\n"+want+"<!-- /families -->\n") {
		t.Errorf("README.md lacks, between <!-- families --> and <!-- /families -->:\n%s", want)
	}
}

// leaveAs returns which model_types the bundled models of each family leave as that no table leads back to by its own
// name: what they become is a model of another family too.
func leaveAs(t *testing.T) map[string][]string {
	t.Helper()
	folders, err := filepath.Glob("../../testdata/models*/*/config.json")
	must(t, err)
	left := map[string][]string{}
	facts := keymap.Facts{Tensors: 600, Tokenizer: map[string]any{"eos_token_id": 0, "pad_token_id": 1, "vocab_size": 90}}
	for _, config := range folders {
		model, err := hf.OpenReference(filepath.Dir(config))
		must(t, err)
		for _, name := range keymap.Targets() {
			target, err := keymap.TargetNamed(name)
			must(t, err)
			table, err := keymap.For(target, model.Config)
			if err != nil {
				continue
			}
			plan, refusals := table.Plan(target, model.Config, facts)
			if plan == nil || len(refusals) > 0 {
				continue
			}
			native := keymap.ByName(plan.Config)
			if len(plan.Document) > 0 { // the config file is not the config
				text, err := plan.Document.JSON()
				must(t, err)
				must(t, json.Unmarshal(text, &native))
			}
			if export, _ := target.Export(native, "float32", facts); export != nil &&
				!slices.Contains(left[table.Family], export.ModelType()) {
				left[table.Family] = append(left[table.Family], export.ModelType())
			}
		}
	}
	for _, types := range left {
		slices.Sort(types)
	}
	return left
}
