package keymap

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a table. The parser's time grows faster than nesting and the length of
// quoted strings, so both are bounded before it sees them. The largest bundled table
// has 9 kB and is 4 levels deep.
const (
	// MaxSize is the maximum size of a table in bytes.
	MaxSize   = 128 << 10
	maxNested = 32   // brackets that are open at once, and columns of indentation over two
	maxQuoted = 4096 // bytes of one string
	maxTokens = 20000
)

// unmarshal reads a YAML document strictly. Anchors, aliases, tags and merge keys are
// refused, and with them documents that grow when they are read.
func unmarshal(text []byte, into any, options ...yaml.DecodeOption) (err error) {
	if err := checkYAML(string(text)); err != nil {
		return err
	}
	defer func() { // the parser has been seen to panic on broken documents
		if recover() != nil {
			err = errors.New("is not valid YAML")
		}
	}()
	if err := yaml.UnmarshalWithOptions(text, into, append(options, yaml.Strict())...); err != nil {
		return errors.New(yaml.FormatError(err, false, false)) // without a drawing of the place
	}
	return nil
}

// checkYAML refuses a text that would cost the parser more than its size suggests.
func checkYAML(text string) (err error) {
	if len(text) > MaxSize {
		return fmt.Errorf("a document of %d bytes: at most %d", len(text), MaxSize)
	}
	if err := checkNesting(text); err != nil {
		return err
	}
	defer func() {
		if recover() != nil {
			err = errors.New("is not valid YAML")
		}
	}()
	tokens := lexer.Tokenize(text)
	if len(tokens) > maxTokens {
		return fmt.Errorf("a document of %d words: at most %d", len(tokens), maxTokens)
	}
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.DirectiveType:
			return fmt.Errorf("line %d: anchors, aliases, tags, merge keys and directives are not allowed", t.Position.Line)
		}
		if len(t.Value) > maxQuoted {
			return fmt.Errorf("line %d: a text of %d bytes: at most %d", t.Position.Line, len(t.Value), maxQuoted)
		}
	}
	return nil
}

// checkNesting bounds how deep a document can be without parsing it: by open brackets,
// and by what comes before the first word of a line.
func checkNesting(text string) error {
	open, quoted, line := 0, 0, 1
	for rest := range strings.Lines(text) {
		if start := len(rest) - len(strings.TrimLeft(rest, " \t-?:")); start > 2*maxNested {
			return fmt.Errorf("line %d: is nested too deeply", line)
		}
		for _, c := range rest {
			switch c {
			case '[', '{':
				open++
			case ']', '}':
				open = max(open-1, 0)
			}
		}
		if open > maxNested {
			return fmt.Errorf("line %d: more than %d brackets are open", line, maxNested)
		}
		if quoted = quoted + len(rest); strings.ContainsAny(rest, `:"'#`) {
			quoted = len(rest)
		}
		if quoted > 2*maxQuoted {
			return fmt.Errorf("line %d: a text of more than %d bytes", line, 2*maxQuoted)
		}
		line++
	}
	return nil
}
