package torchfile_test

import (
	"bytes"
	"testing"

	"hf2olmo/convert/torchfile"
)

// TestLoadTexts: a flipped bit in a key of train.pt stops torch.load, whatever its arguments are.
func TestLoadTexts(t *testing.T) {
	long := text
	short := func(s string) string { return "U" + string(rune(len(s))) + s }
	for name, c := range map[string]struct {
		pickle string
		loads  bool
	}{
		"plain":                        {long("a"), true},
		"of other alphabets":           {long("ключ�"), true},
		"a flipped bit":                {long("\xe7lobal_step"), false},
		"half of a surrogate pair":     {long("\xed\xa0\x80x"), true},
		"a surrogate that is cut":      {long("\xed\xa0"), false},
		"a surrogate of another kind":  {long("\xed\xa0x"), false},
		"of Python 2":                  {short("a"), true},
		"of Python 2, damaged":         {short("\xe7a"), false},
		"of Python 2 with a surrogate": {short("\xed\xa0\x80"), false},
	} {
		file := withPickle(t, "\x80\x02}"+c.pickle+"K\x01s.")
		if _, err := torchfile.Load(bytes.NewReader(file), int64(len(file))); (err == nil) != c.loads {
			t.Errorf("%s: %v, want it to load: %v", name, err, c.loads)
		}
	}
}
