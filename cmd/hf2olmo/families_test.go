package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"hf2olmo/keymap"
)

// familyNames are what people call the families.
var familyNames = map[string]string{
	"hf_olmo": "OLMo 1 as hf_olmo packs it", "olmo": "OLMo 1", "olmo2": "OLMo 2", "olmo3": "OLMo 3", "olmoe": "OLMoE",
	"flex_olmo": "FlexOLMo", "llama": "Llama 1–3, TinyLlama, SmolLM, …", "mistral": "Mistral", "ministral": "Ministral",
	"mixtral": "Mixtral", "qwen2": "Qwen 2 and 2.5", "qwen3": "Qwen 3", "qwen3_moe": "Qwen 3 MoE", "gemma": "Gemma 1",
	"gemma3": "Gemma 3", "gemma3_text": "Gemma 3 text", "phi3": "Phi 3 and 4", "granite": "Granite 3",
	"smollm3": "SmolLM 3", "stablelm": "StableLM", "exaone4": "EXAONE 4", "ernie4_5": "ERNIE 4.5", "glm4": "GLM 4",
	"seed_oss": "Seed-OSS", "mpt": "MPT", "cwm": "CWM", "olmo_hybrid": "OLMo Hybrid",
}

// TestFamilyTable: the first page has the families of the bundled tables. Those with the same answers share a row.
func TestFamilyTable(t *testing.T) {
	answers := map[string][3]bool{} // for each trainer, and back
	for _, b := range keymap.Tables() {
		table, err := b.Text()
		must(t, err)
		a := answers[b.Family]
		a[slices.Index(keymap.Targets(), b.Target)] = true
		a[2] = a[2] || strings.Contains(string(table), "\nexport:\n")
		answers[b.Family] = a
	}
	rows := map[[3]bool][]string{}
	for family, a := range answers {
		if familyNames[family] == "" {
			t.Errorf("familyNames lacks %s", family)
		}
		rows[a] = append(rows[a], fmt.Sprintf("%s (`%s`)", familyNames[family], family))
	}
	want := "| model | allenai/OLMo | OLMo-core | back to Hugging Face |\n|---|---|---|---|\n"
	word := map[bool]string{true: "yes", false: "no"}
	for _, a := range [][3]bool{{true, true, true}, {true, false, true}, {true, true, false}, {true, false, false},
		{false, true, true}, {false, true, false}} {
		if names := rows[a]; len(names) > 0 {
			slices.Sort(names)
			want += fmt.Sprintf("| %s | %s | %s | %s |\n", strings.Join(names, ", "), word[a[0]], word[a[1]], word[a[2]])
		}
	}
	text, err := os.ReadFile("../../README.md")
	must(t, err)
	if !strings.Contains(string(text), "<!-- families -->\n"+want+"<!-- /families -->\n") {
		t.Errorf("README.md lacks, between <!-- families --> and <!-- /families -->:\n%s", want)
	}
}
