package keymap

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// architecture matches the name of a class of transformers; the group names its family.
var architecture = regexp.MustCompile(`^([A-Za-z0-9]+?)(?:Model)?(For[A-Z][A-Za-z]*|Model|PreTrainedModel)$`)

// modelType matches a value in the match expression of a table.
var modelType = regexp.MustCompile(`"([a-z0-9_-]+)"`)

// typeOfArchitecture returns the class that config.json names and the model_type that
// goes with it, if some target supports it or has advice for it: Olmo2ForCausalLM has olmo2.
func typeOfArchitecture(config map[string]any) (class, modelType string) {
	classes, _ := config["architectures"].([]any)
	for _, c := range classes {
		name, _ := c.(string)
		m := architecture.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		family := plainType(m[1])
		types := modelTypes()
		// of a family with images, the causal model is the one of text: Gemma3ForCausalLM, gemma3_text
		for _, want := range []string{family + "text", family} {
			i := slices.IndexFunc(types, func(t string) bool { return plainType(t) == want })
			if i >= 0 && (want == family || m[2] == "ForCausalLM") {
				return name, types[i]
			}
		}
	}
	return "", ""
}

// similarType returns the known model_type that differs only in case and marks (qwen3 for Qwen3), or "".
func similarType(modelType string) string {
	for _, t := range modelTypes() {
		if plainType(t) == plainType(modelType) {
			return t
		}
	}
	return ""
}

// typeInside returns the model_type of the text model inside a multimodal one, or "".
func typeInside(config map[string]any) string {
	for _, name := range inspectRules().inside {
		if inner, ok := config[name].(map[string]any); ok {
			modelType, _ := inner["model_type"].(string)
			return modelType
		}
	}
	return ""
}

// modelTypes returns those that some target supports or has advice for.
func modelTypes() (types []string) {
	for _, b := range bundledTables() {
		types = append(types, b.Family)
		if t, err := b.Table(); err == nil {
			types = append(types, t.types...) // pre-release names too
		}
	}
	for _, name := range Targets() {
		for _, group := range unsupportedModels()[name] {
			types = slices.AppendSeq(types, maps.Keys(group.Models))
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func plainType(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}
