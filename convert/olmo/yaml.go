package olmo

import (
	"bytes"
	"fmt"
	"strings"

	"hf2olmo/convert/omegaconf"
	"hf2olmo/keymap"
)

// writeYAML writes a document as OmegaConf reads it, with comments above its members.
func writeYAML(document keymap.Object, comments map[string]string) ([]byte, error) {
	var b bytes.Buffer
	for _, member := range document {
		if comment, ok := comments[member.Name]; ok {
			writeComment(&b, comment)
		}
		if err := writeMember(&b, "", member); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// writeComment writes the lines of a comment, an empty first one without its mark.
func writeComment(b *bytes.Buffer, comment string) {
	for i, line := range strings.Split(comment, "\n") {
		switch {
		case line != "":
			b.WriteString("# " + line)
		case i > 0:
			b.WriteByte('#')
		}
		b.WriteByte('\n')
	}
}

func writeMember(b *bytes.Buffer, indent string, member keymap.Setting) error {
	object, nested := member.Value.(keymap.Object)
	if !nested {
		text, err := flow(member.Value)
		if err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, member.Name, text)
		return nil
	}
	fmt.Fprintf(b, "%s%s:\n", indent, member.Name)
	for _, inner := range object {
		if err := writeMember(b, indent+"  ", inner); err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
	}
	return nil
}

// flow writes a scalar, or a list of them on one line.
func flow(v any) (string, error) {
	list, ok := v.([]any)
	if !ok {
		return omegaconf.Scalar(v)
	}
	var items []string
	for _, item := range list {
		text, err := omegaconf.Scalar(item)
		if err != nil {
			return "", err
		}
		items = append(items, text)
	}
	return "[" + strings.Join(items, ", ") + "]", nil
}
