package hf_test

import (
	"bytes"
	"reflect"
	"testing"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/jsonfile"
)

// TestBothSpellings: what version 5 says of rope is added where version 4 looks; all else stays as it is.
func TestBothSpellings(t *testing.T) {
	for _, c := range []struct {
		text    string
		added   string // members; "" for none: then the text is the same
		unknown bool
	}{
		{`{"rope_theta": 5e5, "rope_scaling": null, "x": 1}`, "", false},
		{`{"x": [1.50], "rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}`,
			`"rope_theta": 1e6, "rope_scaling": null`, false},
		{`{"rope_parameters": {"rope_type": "llama3", "rope_theta": 7, "factor": 8.0, "partial_rotary_factor": 0.5}}`,
			`"rope_theta": 7, "partial_rotary_factor": 0.5, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}`, false},
		{`{"rope_theta": 3, "rope_parameters": {"rope_theta": 7}}`, `"rope_scaling": null`, false},
		{`{"rope_parameters": {"full_attention": {"rope_type": "yarn", "rope_theta": 7, "factor": 2.0}, ` +
			`"sliding_attention": {"rope_type": "default", "rope_theta": 8}}}`,
			`"rope_local_base_freq": 8, "rope_theta": 7, "rope_scaling": {"rope_type": "yarn", "factor": 2.0}`, false},
		{`{"rope_parameters": {"main": {"rope_theta": 7}, "compress": {"rope_theta": 8}}}`, "", true},
		{`{"rope_parameters": {"full_attention": {"rope_type": "default"}, "sliding_attention": {"rope_type": "yarn"}}}`,
			"", true},
		{`{"text_config": {"rope_parameters": {"main": {"rope_theta": 7}}}}`, "", true},
	} {
		both, unknown, err := hf.BothSpellings([]byte(c.text))
		if err != nil || unknown != c.unknown || c.added == "" && string(both) != c.text {
			t.Errorf("%s: %s %v %v", c.text, both, unknown, err)
			continue
		}
		want := c.text
		if c.added != "" {
			want = c.text[:len(c.text)-1] + "," + c.added + "}"
		}
		if got := parsed(t, both); !reflect.DeepEqual(got, parsed(t, []byte(want))) {
			t.Errorf("%s: %s, want %s", c.text, both, want)
		}
	}
	nested, _, err := hf.BothSpellings([]byte(`{"text_config": {"rope_parameters": {"rope_theta": 9}}}`))
	inner, _ := parsed(t, nested)["text_config"].(map[string]any)
	if err != nil || inner["rope_theta"] != int64(9) {
		t.Error(inner, err)
	}
	if _, _, err := hf.BothSpellings([]byte(`{"x": NaN}`)); err == nil {
		t.Error("NaN was read")
	}
}

func parsed(t *testing.T, text []byte) map[string]any {
	t.Helper()
	object, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	must(t, err)
	return object
}
