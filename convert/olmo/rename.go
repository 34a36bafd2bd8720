package olmo

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/omegaconf"
)

var identifierLine = regexp.MustCompile(`(?m)^(tokenizer:\r?\n(?:[ ]+.*\r?\n)*?[ ]+identifier:)[^\r\n]*`)

// RenameTokenizer returns a config.yaml in which the tokenizer has another name, and nothing
// else is changed. The name must be on a line of its own, where the trainer writes it.
func RenameTokenizer(config []byte, name string) ([]byte, error) {
	scalar, err := omegaconf.Text(name)
	if err != nil {
		return nil, &fault.Fault{File: "--tokenizer " + name, Problem: err.Error()}
	}
	at := identifierLine.FindSubmatchIndex(config)
	if at == nil {
		return nil, &fault.Fault{File: ConfigFile, Tensor: "tokenizer.identifier",
			Problem: "is not on a line of its own, so --tokenizer cannot replace it",
			Hint:    "Edit the file, and leave --tokenizer out."}
	}
	renamed := bytes.Join([][]byte{config[:at[3]], []byte(" " + scalar), config[at[1]:]}, nil)
	document, err := omegaconf.Read(renamed)
	if err != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "cannot name the tokenizer: " + err.Error()}
	}
	top, _ := document.Data.(*omegaconf.Mapping)
	if text, _ := top.Section("tokenizer").Get("identifier").Text(); text != name {
		return nil, &fault.Fault{File: ConfigFile, Tensor: "tokenizer.identifier", Problem: "cannot be replaced"}
	}
	return renamed, nil
}

var loadPathLine = regexp.MustCompile(`(?m)^load_path:[^\r\n]*`)

// Relocate returns a config.yaml in which load_path and the tokenizer are below to if they were below from, with the
// command in its comments. Nothing else is changed.
func Relocate(config []byte, from, to string) ([]byte, error) {
	document, err := omegaconf.Read(config)
	if err != nil {
		return nil, &fault.Fault{File: ConfigFile, Problem: "cannot be read as YAML: " + err.Error()}
	}
	top, _ := document.Data.(*omegaconf.Mapping)
	config = bytes.Replace(config, []byte(Command(from)), []byte(Command(to)), 1)
	if path, _ := top.Get("load_path").Text(); path == from {
		scalar, err := omegaconf.Text(to)
		if err != nil {
			return nil, &fault.Fault{File: to, Problem: err.Error()}
		}
		config = loadPathLine.ReplaceAllLiteral(config, []byte("load_path: "+scalar))
	}
	name, _ := top.Section("tokenizer").Get("identifier").Text()
	if inside, ok := strings.CutPrefix(name, from+string(filepath.Separator)); ok {
		return RenameTokenizer(config, filepath.Join(to, inside))
	}
	return config, nil
}
