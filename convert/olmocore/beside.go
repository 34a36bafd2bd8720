package olmocore

import (
	"slices"

	"hf2olmo/convert/output"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// besideFiles are the files that go along with the model. OLMo-core opens the tokenizer with the
// AutoTokenizer of transformers, which finds no model_type in the trainer's config.json, and goes by
// the class in tokenizer_config.json alone.
func besideFiles(in *trainer.Inputs) ([]output.Small, error) {
	files := trainer.CopyBeside(in)
	s := tokenizers.Settings{IDs: map[string]int64{}}
	for i := range in.Beside {
		var err error
		switch f := &in.Beside[i]; f.Name {
		case tokenizers.FileName:
			s.Tokenizer = f
		case tokenizers.SettingsFile:
			s.Given, err = f.Read()
		case tokenizers.SpecialsFile:
			s.Specials, err = f.Read()
		}
		if err != nil {
			return nil, err
		}
	}
	if s.Tokenizer == nil {
		return files, nil
	}
	for _, role := range tokenizers.Roles {
		if id, ok := lookUp(in.Document, "dataset", "tokenizer", role+"_token_id").(int); ok {
			s.IDs[role] = int64(id)
		}
	}
	text, _, err := s.Text()
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f output.Small) bool { return f.Name == tokenizers.SettingsFile })
	at := slices.IndexFunc(files, func(f output.Small) bool { return f.Name == tokenizers.FileName }) + 1
	return slices.Insert(files, at, output.Small{Name: tokenizers.SettingsFile, Data: text}), nil
}

// lookUp returns a value of a document, nil if it is not there.
func lookUp(document keymap.Object, path ...string) any {
	for _, s := range document {
		if s.Name != path[0] {
			continue
		}
		if inner, nested := s.Value.(keymap.Object); nested && len(path) > 1 {
			return lookUp(inner, path[1:]...)
		}
		return s.Value
	}
	return nil
}
