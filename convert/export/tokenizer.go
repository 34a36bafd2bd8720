package export

import (
	"bytes"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
	"hf2olmo/keymap"
)

// roles are the special tokens that configs name, by their ids or their texts.
var roles = []string{"bos", "eos", "pad"}

// token returns the id of a special token, -1 for none.
func (e *Export) token(role string) int64 {
	if id, ok := e.Setting(role + "_token_id").(int); ok && id >= 0 {
		return int64(id)
	}
	return -1
}

// findTokenizer opens the tokenizer.json that was chosen, the one that config.yaml names, as the
// trainer would, or the one in the checkpoint. Without one the model is exported all the same.
func (e *Export) findTokenizer() (err error) {
	if chosen := e.options.Tokenizer; chosen != "" {
		path := hf.FindTokenizer(chosen)
		if path == "" {
			return &fault.Fault{File: "--tokenizer " + chosen, Problem: "is no tokenizer.json, and no folder or " +
				"downloaded model that contains one"}
		}
		return e.openTokenizer(path)
	}
	path, named := "", e.Model.Tokenizer
	if named != "" && !e.options.NoFollow {
		path = hf.FindTokenizer(named)
	}
	if path == "" {
		path = hf.FindTokenizer(e.Checkpoint.Path)
	}
	switch {
	case path != "":
		return e.openTokenizer(path)
	case named == "":
		e.warn("there is no tokenizer.json in the checkpoint, and %s names none: the model is written without a "+
			"tokenizer; name one with --tokenizer", e.ConfigFile)
	default:
		e.warn("there is no tokenizer.json in the checkpoint, nor is %s one, which %s names: the model is written without "+
			"a tokenizer; name one with --tokenizer", named, e.ConfigFile)
	}
	return nil
}

func (e *Export) openTokenizer(path string) (err error) {
	if e.tokenizer, err = hf.OpenTokenizer(path); err != nil {
		return err
	}
	e.Warnings = append(e.Warnings, e.tokenizer.Warnings...)
	if e.Config == nil {
		return nil
	}
	if rows, ok := e.Setting("vocab_size").(int); ok {
		if problem := e.tokenizer.PastText(int64(rows)); problem != "" {
			e.warn("%s: %s", filepath.Base(path), problem)
		}
	}
	return nil
}

// addTokenizer adds tokenizer.json, and the config by which transformers reads it as it is: any
// other class builds the tokenizer itself, some of them with other ids.
func (e *Export) addTokenizer() error {
	if e.tokenizer == nil {
		return nil
	}
	text, err := regular.Read(e.tokenizer.Path, tokenizers.Limits.Bytes)
	if err != nil {
		return &fault.Fault{File: filepath.Base(e.tokenizer.Path), Problem: "cannot be read: " + fault.Cause(err)}
	}
	var ids []int64
	for _, role := range roles {
		ids = append(ids, e.token(role))
	}
	contents, err := tokenizers.Contents(bytes.NewReader(text), ids...)
	if err != nil {
		return &fault.Fault{File: filepath.Base(e.tokenizer.Path), Problem: "cannot be read: " + err.Error()}
	}
	set := keymap.Object{{Name: "tokenizer_class", Value: "PreTrainedTokenizerFast"}}
	for i, role := range roles {
		if content, known := contents[ids[i]]; known {
			set = append(set, keymap.Setting{Name: role + "_token", Value: content})
		} else if ids[i] >= 0 {
			e.warn("%s has no token with the id %d, the %s_token_id", filepath.Base(e.tokenizer.Path), ids[i], role)
		}
	}
	set = append(set, keymap.Object{
		{Name: "model_input_names", Value: []any{"input_ids", "attention_mask"}}, // generate of 4.57 passes no others
		{Name: "clean_up_tokenization_spaces", Value: false},
		{Name: "model_max_length", Value: e.Setting("max_position_embeddings")},
	}...)
	config, err := set.JSON()
	if err != nil {
		return err
	}
	e.add(tokenizers.FileName, text)
	e.add(tokenizerSet, config)
	return nil
}
