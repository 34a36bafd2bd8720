package hf

import (
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
)

// readSides reads the small files beside config.json and the tokenizer. Models train without
// them, so one that transformers could not read is a warning, and does not go along.
func (o *opening) readSides() {
	o.model.sides = map[string]map[string]any{}
	for _, name := range tokenizers.Beside {
		d := o.tokenizer
		if name == tokenizers.GenerationFile {
			d = o.config
		}
		if !d.names[name] || name == tokenizers.FileName {
			continue
		}
		if bad := d.leadsOut(name); bad != nil {
			o.add(bad)
			continue
		}
		if bad := o.readSide(d, name); bad != nil {
			o.warn(bad.Error() + "; it is not used")
		}
	}
	if o.tokenizer.names[moreTemplates] {
		o.warn("the further chat templates in " + o.tokenizer.called + moreTemplates + " do not go along with the model")
	}
}

// moreTemplates is a folder with chat templates for special uses.
const moreTemplates = "additional_chat_templates"

// readSide reads one of the small files.
func (o *opening) readSide(d *modelFolder, name string) (bad *fault.Fault) {
	if filepath.Ext(name) != ".json" {
		bad = d.checkText(name)
	} else {
		var object map[string]any
		if object, bad = d.readObject(name); bad == nil {
			o.model.sides[name] = object
		}
	}
	if bad == nil {
		o.goesAlong(d, name)
	}
	return bad
}

// goesAlong notes a file that goes along with the model.
func (o *opening) goesAlong(d *modelFolder, name string) {
	info, err := os.Stat(d.path(name))
	if err != nil {
		o.faults.Add(d.called+name, err)
		return
	}
	file := tokenizers.File{Name: name, Path: d.path(name), Size: info.Size()}
	at := slices.Index(tokenizers.Beside, name)
	before := func(f tokenizers.File) bool { return slices.Index(tokenizers.Beside, f.Name) > at }
	if i := slices.IndexFunc(o.model.Beside, before); i >= 0 {
		o.model.Beside = slices.Insert(o.model.Beside, i, file)
		return
	}
	o.model.Beside = append(o.model.Beside, file)
}

// checkText reports what keeps a file from being a text.
func (d *modelFolder) checkText(name string) *fault.Fault {
	f, info, bad := d.open(name)
	if bad != nil {
		return bad
	}
	f.Close()
	if bad := jsonfile.TooLarge(d.called+name, info.Size(), jsonfile.ConfigLimits); bad != nil {
		return bad
	}
	text, err := regular.Read(d.path(name), info.Size())
	switch {
	case err != nil:
		return &fault.Fault{File: d.called + name, Problem: "cannot be read: " + fault.Cause(err)}
	case !utf8.Valid(text):
		return &fault.Fault{File: d.called + name, Problem: "is not UTF-8 text"}
	}
	return nil
}

// SpecialTokenID returns the id of the special token with a role, "eos" or "pad",
// from the files beside config.json: generation_config.json gives an id (of several,
// the first is taken); tokenizer_config.json and special_tokens_map.json give a token,
// whose id tokenizer.json has; padding is also known by what its token is often called. It does not
// look into config.json, which goes before all of them.
func (m *Model) SpecialTokenID(role string) (id int64, ok bool) {
	v := m.sides[tokenizers.GenerationFile][role+"_token_id"]
	if list, isList := v.([]any); isList && len(list) > 0 {
		v = list[0]
	}
	if id, ok := v.(int64); ok && id >= 0 {
		return id, true
	}
	if m.Tokenizer == nil {
		return 0, false
	}
	names := m.specialNames(role)
	if role == "pad" {
		names = append(names, padTokens...)
	}
	for _, content := range names {
		if id, ok := m.Tokenizer.TokenID(content); ok {
			return id, true
		}
	}
	return 0, false
}

// padTokens are what tokens for padding are called where no file says which token is for it.
var padTokens = []string{"<pad>", "<|pad|>", "<|padding|>", "<|finetune_right_pad_id|>"}

// specialNames are the tokens that the files beside config.json name for a role.
func (m *Model) specialNames(role string) (names []string) {
	for _, name := range []string{tokenizers.SettingsFile, tokenizers.SpecialsFile} {
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
	return slices.Concat(m.specialNames("eos"), m.specialNames("pad"), padTokens)
}
