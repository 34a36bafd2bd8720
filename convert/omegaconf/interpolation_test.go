package omegaconf

import (
	"strings"
	"testing"
)

// TestReferences reads what OmegaConf parses, and refuses what it does not (or what is rarer).
func TestReferences(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "$x": true, "{}": true, "${model.d_model}": true, "${.a}": true, "${..model[d_model]}": true,
		"a ${b.c} d ${e}": true, "${oc.env:X,a b}": true, "${oc.env:X, 'a b'}": true, "${a.${b}}": true, "${${a}}": true,
		"${path.choose:${oc.env:S,no}/a,/b}/${oc.env:J,${run_name}}": true,
		`\${`: true, `\\\${x`: true, `\\${x}`: true, `\\${`: false,
		"${": false, "${}": false, "${a": false, "${a b}": false, "${a.}": false, "${:}": false,
		"${a:'b}": false, "${a:b!}": false,
		strings.Repeat("${a.", 10) + "b" + strings.Repeat("}", 10):     true,
		strings.Repeat("${a.", 1000) + "b" + strings.Repeat("}", 1000): false,
	} {
		if got := wellFormed(text); got != want {
			t.Errorf("%.60q: %v", text, got)
		}
		_, err := Read([]byte("a: '" + strings.ReplaceAll(text, "'", "''") + "'\n"))
		if (err == nil) != want {
			t.Errorf("%.60q in a document: %v", text, err)
		}
	}
}
