package hf

const (
	generationName = "generation_config.json"
	tokenizerSet   = "tokenizer_config.json"
	specialsName   = "special_tokens_map.json"
)

// readSides reads the small files that name special tokens. They are only a fallback, so
// one that cannot be read is a warning.
func (o *opening) readSides() {
	o.model.sides = map[string]map[string]any{}
	for _, name := range []string{generationName, tokenizerSet, specialsName} {
		d := o.tokenizer
		if name == generationName {
			d = o.config
		}
		if !d.names[name] {
			continue
		}
		if bad := d.leadsOut(name); bad != nil {
			o.add(bad)
			continue
		}
		object, bad := d.readObject(name)
		if bad != nil {
			o.warn(bad.Error() + "; it is not used")
			continue
		}
		o.model.sides[name] = object
	}
}

// SpecialTokenID returns the id of the special token with a role, "eos" or "pad",
// from the files beside config.json: generation_config.json gives an id (of several,
// the first is taken); tokenizer_config.json and special_tokens_map.json give a token,
// whose id tokenizer.json has. It does not look into config.json, which goes before all of them.
func (m *Model) SpecialTokenID(role string) (id int64, ok bool) {
	v := m.sides[generationName][role+"_token_id"]
	if list, isList := v.([]any); isList && len(list) > 0 {
		v = list[0]
	}
	if id, ok := v.(int64); ok && id >= 0 {
		return id, true
	}
	if m.Tokenizer == nil {
		return 0, false
	}
	for _, content := range m.specialNames(role) {
		if id, ok := m.Tokenizer.TokenID(content); ok {
			return id, true
		}
	}
	return 0, false
}

// specialNames are the tokens that the files beside config.json name for a role.
func (m *Model) specialNames(role string) (names []string) {
	for _, name := range []string{tokenizerSet, specialsName} {
		token := m.sides[name][role+"_token"]
		if object, isObject := token.(map[string]any); isObject {
			token = object["content"]
		}
		if content, isString := token.(string); isString {
			names = append(names, content)
		}
	}
	return names
}

// specialTokens are the tokens whose ids SpecialTokenID may look for.
func (m *Model) specialTokens() []string {
	return append(m.specialNames("eos"), m.specialNames("pad")...)
}
