package tokenizers

import (
	"errors"
	"io"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
)

// The small files that transformers reads beside tokenizer.json and the weights.
const (
	SettingsFile   = "tokenizer_config.json"
	SpecialsFile   = "special_tokens_map.json"
	GenerationFile = "generation_config.json"
)

// Beside are the small files of a model, other than its config.json, that go wherever it goes: they
// say how text becomes token ids, how a conversation becomes text, and where generation ends.
var Beside = []string{FileName, SettingsFile, SpecialsFile, "chat_template.jinja", "chat_template.json", GenerationFile}

// A File is one of Beside.
type File struct {
	Name string
	Path string // where it is opened
	Size int64  // bytes
}

// Open opens it. The error is a *fault.Fault.
func (f *File) Open() (io.ReadCloser, error) {
	file, info, err := regular.Open(f.Path)
	if err == nil && info.Size() != f.Size {
		err = errors.Join(errors.New("was changed while it was read"), file.Close())
	}
	if err != nil {
		return nil, &fault.Fault{File: f.Name, Problem: "cannot be read: " + fault.Cause(err)}
	}
	return file, nil
}

// Read returns its contents. The error is a *fault.Fault.
func (f *File) Read() ([]byte, error) {
	text, err := regular.Read(f.Path, f.Size)
	if err != nil {
		return nil, &fault.Fault{File: f.Name, Problem: "cannot be read: " + fault.Cause(err)}
	}
	return text, nil
}
