package jsonfile_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"hf2olmo/convert/jsonfile"
)

// TestMembers: what is not changed is as it was, in its order.
func TestMembers(t *testing.T) {
	m, err := jsonfile.ReadMembers([]byte(`{"b": 1.50, "a": "\ud800é", "x": {"z": [1e400], "y": {}}, "b": 2e0}`),
		jsonfile.ConfigLimits)
	if err != nil {
		t.Fatal(err)
	}
	m.Set("a2", jsontext.Value(`[1]`))
	m.Set("x", jsontext.Value(`null`))
	text, err := m.Text()
	const want = `{"b": 2e0, "a": "\ud800é", "x": null, "a2": [1]}`
	bare := strings.NewReplacer("\n", "", "  ", "", ",", ", ").Replace(string(text))
	if err != nil || bare != want || m.Get("c") != nil || string(m.Get("b")) != "2e0" {
		t.Errorf("%s, want %s; %v", bare, want, err)
	}
	for _, broken := range []string{"[]", `{"a": NaN}`, `{"a": 1} 2`, `{"a"`} {
		if _, err := jsonfile.ReadMembers([]byte(broken), jsonfile.ConfigLimits); err == nil {
			t.Error(broken, "was read")
		}
	}
}
