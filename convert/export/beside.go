package export

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/keymap"
)

// companions are the files that go along with the model: those of --tokenizer or of --like, or those at the
// checkpoint's middle.Places. Without a tokenizer the model is exported all the same.
type companions struct {
	*source
	options   *Options
	files     []tokenizers.File
	tokenizer *tokenizers.Tokenizer // nil if there is none
	warnings  []string
}

// find finds the files.
func (e *companions) find() error {
	if chosen := e.options.Tokenizer; chosen != "" {
		r, err := hf.OpenTokenizerOf(chosen)
		if err != nil {
			return err
		}
		if r == nil {
			return &fault.Fault{File: "--tokenizer " + chosen, Problem: "is not a tokenizer.json, nor a folder or a " +
				"downloaded model that contains one"}
		}
		e.use(r)
	}
	if e.like != nil {
		e.use(e.like)
	}
	if e.run != nil {
		e.use(&hf.Reference{Tokenizer: e.run.Tokenizer, Beside: e.run.Beside}) // its warnings are known
	}
	places := middle.Places(e.model.Checkpoint.Path, e.options.NoFollow)
	for _, place := range places {
		if e.tokenizer != nil || e.run != nil { // whose files are used already
			break
		}
		r, err := e.open(place)
		if err != nil {
			return err
		}
		if r != nil {
			e.use(r)
		}
	}
	e.warnOfTokenizer()
	return nil
}

// open opens what is at a place, nil if nothing is.
func (e *companions) open(place string) (*hf.Reference, error) {
	info, err := os.Stat(place)
	switch {
	case err == nil && info.IsDir():
		return hf.OpenReference(place, opening(e.options)...)
	default:
		return hf.OpenTokenizerOf(place)
	}
}

// use takes the tokenizer's files of a reference if there are none yet, and the generation config too.
func (e *companions) use(r *hf.Reference) {
	tokenizer := e.tokenizer == nil && r.Tokenizer != nil
	used := false
	for _, f := range r.Beside {
		generation := f.Name == tokenizers.GenerationFile
		if !generation && !tokenizer || generation && slices.ContainsFunc(e.files, sameName(f)) {
			continue
		}
		e.files, used = append(e.files, f), true
	}
	if tokenizer {
		e.tokenizer = r.Tokenizer
	}
	if used {
		e.warnings = append(e.warnings, r.Warnings...)
	}
}

func sameName(f tokenizers.File) func(tokenizers.File) bool {
	return func(other tokenizers.File) bool { return other.Name == f.Name }
}

// warnOfTokenizer says what is odd about the tokenizer, or that there is none.
func (e *companions) warnOfTokenizer() {
	const without = "the model is written without a tokenizer; name the model that was trained with --like, or a " +
		"tokenizer with --tokenizer"
	named := e.model.Tokenizer
	switch {
	case e.tokenizer != nil && e.model.Config != nil:
		if rows, ok := e.model.Setting("vocab_size").(int); ok {
			if problem := e.tokenizer.PastText(int64(rows)); problem != "" {
				e.warn("%s: %s", filepath.Base(e.tokenizer.Path), problem)
			}
		}
	case e.tokenizer != nil:
	case e.run != nil:
		e.warn("there is no tokenizer.json in the run's folder: %s", without)
	case named == "":
		e.warn("there is no tokenizer.json in the checkpoint, and %s names none: %s", e.model.ConfigFile, without)
	default:
		e.warn("there is no tokenizer.json in the checkpoint, nor is %s one, which %s names: %s", named,
			e.model.ConfigFile, without)
	}
}

// token returns the id of a special token, of several the first; -1 for none.
func (e *companions) token(role string) int64 {
	v := e.model.Setting(role + "_token_id")
	if list, several := v.([]any); several && len(list) > 0 {
		v = list[0]
	}
	if id, ok := v.(int); ok && id >= 0 {
		return int64(id)
	}
	return -1
}

// small returns the files, with the tokenizer_config.json by which transformers reads tokenizer.json as
// it is.
func (e *companions) small() (small []output.Small, err error) {
	made := map[string]output.Small{}
	for i := range e.files {
		made[e.files[i].Name] = output.Small{Name: e.files[i].Name, Copy: &e.files[i]}
	}
	if _, there := made[tokenizers.FileName]; there {
		text, err := e.settings(made)
		if err != nil {
			return nil, err
		}
		made[tokenizers.SettingsFile] = output.Small{Name: tokenizers.SettingsFile, Data: text}
	}
	if _, there := made[tokenizers.GenerationFile]; !there {
		text, err := e.generation()
		if err != nil {
			return nil, err
		}
		made[tokenizers.GenerationFile] = output.Small{Name: tokenizers.GenerationFile, Data: text}
	}
	for _, name := range tokenizers.Beside {
		if one, there := made[name]; there {
			small = append(small, one)
		}
	}
	return small, nil
}

// settings returns tokenizer_config.json.
func (e *companions) settings(made map[string]output.Small) (text []byte, err error) {
	s := tokenizers.Settings{Tokenizer: made[tokenizers.FileName].Copy, IDs: map[string]int64{}}
	for name, into := range map[string]*[]byte{tokenizers.SettingsFile: &s.Given, tokenizers.SpecialsFile: &s.Specials} {
		if one, there := made[name]; there {
			if *into, err = one.Copy.Read(); err != nil {
				return nil, err
			}
		}
	}
	for _, role := range tokenizers.Roles {
		s.IDs[role] = e.token(role)
	}
	s.MaxLength, _ = e.model.Setting("max_position_embeddings").(int)
	text, missing, err := s.Text()
	for _, role := range missing {
		e.warn("%s has no added token with the id %d, the %s_token_id: %s does not name it",
			filepath.Base(e.tokenizer.Path), s.IDs[role], role, tokenizers.SettingsFile)
	}
	return text, err
}

// generation returns a generation_config.json for a model that has none: the tokens at which it ends.
func (e *companions) generation() ([]byte, error) {
	generation := keymap.Object{{Name: "_from_model_config", Value: true}}
	for _, role := range tokenizers.Roles {
		name := role + "_token_id"
		switch v := e.model.Setting(name).(type) {
		case int:
			if v >= 0 {
				generation = append(generation, keymap.Setting{Name: name, Value: v})
			}
		case []any:
			generation = append(generation, keymap.Setting{Name: name, Value: v})
		}
	}
	return generation.JSON()
}

func (e *companions) warn(format string, args ...any) {
	e.warnings = append(e.warnings, fault.Printable(fmt.Sprintf(format, args...)))
}
