package olmo

import (
	"bytes"
	"regexp"

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
