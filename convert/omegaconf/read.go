package omegaconf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds of a document. A config.yaml has a few thousand bytes, or a few hundred thousand
// with all paths of a large data set. The parser needs up to 200 bytes per value, and time
// that grows with the square of the directives.
const (
	// MaxSize is the maximum size of a document in bytes.
	MaxSize       = 2 << 20
	maxNodes      = 100_000 // values, including those repeated by aliases
	maxDepth      = 100
	maxDirectives = 16
)

// ManyNodes is how many values OmegaConf 2.4 reads. Earlier versions have no such limit, and the
// environment variable OMEGACONF_MAX_YAML_EXPANDED_NODES raises it.
const ManyNodes = 10_000

// A Document is a YAML document as OmegaConf reads it.
type Document struct {
	Value
	Nodes int // values, including those repeated by aliases
}

// Read reads a document. The Data of an empty one is nil. The error says, without the file's name,
// why OmegaConf would not read it, or why this package does not.
func Read(text []byte) (*Document, error) {
	if err := checkSize(text); err != nil {
		return nil, err
	}
	// Python's text files translate line ends before the parser sees them.
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return &Document{Value: Value{There: true}}, nil
	}
	r := reader{anchors: map[string]bool{}, values: map[*yaml.Node]Value{}, counts: map[*yaml.Node]int{}}
	if bytes.Contains(text, []byte("! ")) || bytes.Contains(text, []byte("!\n")) || bytes.Contains(text, []byte("!\t")) {
		for line := range bytes.Lines(text) {
			r.lines = append(r.lines, []rune(string(line)))
		}
	}
	n, err := r.count(root, 0)
	if err != nil {
		return nil, err
	}
	v, err := r.read(root)
	return &Document{v, n}, err
}

// checkSize refuses what would cost the parser more than a config should.
func checkSize(text []byte) error {
	switch {
	case len(text) > MaxSize:
		return fmt.Errorf("has %d bytes; at most %d are read", len(text), MaxSize)
	case !utf8.Valid(text):
		return errors.New("is not UTF-8 text")
	case bytes.LastIndex(text, []byte("\ufeff")) > 0:
		return errors.New("has a byte order mark after its start")
	case bytes.HasPrefix(text, []byte("%")) || bytes.Count(text, []byte("\n%")) > 0:
		if bytes.Count(text, []byte("\n%")) > maxDirectives {
			return errors.New("has more directives than any config")
		}
	}
	// Each value but the first follows one of these.
	separators := 0
	for i, c := range text {
		switch c {
		case ',', '[', '{', '\n', '\r':
			separators++
		case ':', '-', '?':
			if i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\t' {
				separators++
			}
		}
	}
	if separators > maxNodes {
		return fmt.Errorf("has more than %d values", maxNodes)
	}
	return nil
}

// parse returns the node of the only document, nil if it is empty.
func parse(text []byte) (root *yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			root, err = nil, errors.New("cannot be parsed")
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	switch err := d.Decode(&document); {
	case err == io.EOF:
		return nil, nil
	case err != nil:
		return nil, firstLine(err)
	}
	switch err := d.Decode(&second); {
	case err == nil:
		return nil, errors.New("contains more than one document")
	case err != io.EOF:
		return nil, firstLine(err)
	}
	return document.Content[0], nil
}

func firstLine(err error) error {
	line, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "yaml: "), "\n")
	return errors.New(line)
}
