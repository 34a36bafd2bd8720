package torchfile

import "unicode/utf8"

// decodes reports whether Python reads the text that an opcode pushed: as UTF-8, in which those
// that write a str may also hold halves of surrogate pairs (surrogatepass).
func decodes(opcode, text string) bool {
	switch opcode {
	case "BINSTRING", "SHORT_BINSTRING":
		return utf8.ValidString(text)
	case "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8":
		return passes(text)
	}
	return true
}

func passes(text string) bool {
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r != utf8.RuneError || n > 1:
			text = text[n:]
		case isSurrogate(text):
			text = text[3:]
		default:
			return false
		}
	}
	return true
}

// isSurrogate reports whether a text begins with a surrogate: three bytes, which UTF-8 does not allow.
func isSurrogate(text string) bool {
	return len(text) >= 3 && text[0] == 0xed && text[1] >= 0xa0 && text[1] <= 0xbf && text[2]&0xc0 == 0x80
}
