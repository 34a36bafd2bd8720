package hf

import (
	"io"
	"path/filepath"

	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
)

// OpenTokenizer reads a tokenizer.json by itself, as --tokenizer names it. What the
// tokenizers library would not load is refused. The ids of wanted are kept for TokenID.
func OpenTokenizer(path string, wanted ...string) (*tokenizers.Tokenizer, error) {
	name := filepath.Base(path)
	d := &modelFolder{place: place{dir: filepath.Dir(path)}}
	f, info, bad := d.open(name)
	if bad != nil {
		return nil, bad
	}
	defer f.Close()
	if bad := jsonfile.TooLarge(name, info.Size(), tokenizers.Limits); bad != nil {
		return nil, bad
	}
	t, err := tokenizers.Read(io.NewSectionReader(f, 0, info.Size()), wanted...)
	if err != nil {
		return nil, jsonfile.Fault(name, f, err)
	}
	t.Path, t.Size = path, info.Size()
	return t, nil
}

// FindTokenizer returns the path of the tokenizer.json that path means: the file itself, or the
// one in a folder, or of a model in the hub's cache by its id. "" is none.
func FindTokenizer(path string) string {
	if regular.Is(path) {
		return path
	}
	where, bad := locate(path)
	if bad != nil {
		return ""
	}
	if file := filepath.Join(where.dir, tokenizers.FileName); regular.Is(file) {
		return file
	}
	return ""
}

// readTokenizer reads tokenizer.json if there is one.
func (o *opening) readTokenizer() {
	if !o.tokenizer.names[tokenizers.FileName] {
		return
	}
	if bad := o.tokenizer.leadsOut(tokenizers.FileName); bad != nil {
		o.add(bad)
		return
	}
	t, err := OpenTokenizer(o.tokenizer.path(tokenizers.FileName), o.model.specialTokens()...)
	if err != nil {
		o.faults.Add(tokenizers.FileName, err)
		return
	}
	for _, line := range t.Warnings {
		o.warn(line)
	}
	o.model.Tokenizer = t
	o.goesAlong(o.tokenizer, tokenizers.FileName)
}
