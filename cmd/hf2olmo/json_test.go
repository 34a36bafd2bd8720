package main

import (
	"reflect"
	"strings"
	"testing"

	"hf2olmo/convert/inspect"
	"hf2olmo/convert/trainer"
	"hf2olmo/convert/verify"
	"hf2olmo/keymap"
)

// TestRecords compares the fields of --json and their order with what the README promises. A field may be added at the
// end; any other change breaks scripts.
func TestRecords(t *testing.T) {
	for _, test := range []struct {
		record any
		fields string
	}{
		{convertRecord{}, "source output model_type dtype parameters tensors bytes seconds status error train_command " +
			"shared_bytes left_out"},
		{leftOutRecord{}, "of tensors bytes"},
		{verifyRecord{}, "source output status tensors differing differences config_differences " +
			"step error seconds bytes warnings cast,omitempty"},
		{verify.TensorDifference{}, "tensor source element offset elements problem file"},
		{trainer.Difference{}, "file field expected found"},
		{inspectRecord{}, "path kind status config parameters bytes dtypes parts tensors warnings error seconds"},
		{tensorRecord{}, "name part dtype shape parameters bytes file stats"},
		{inspect.Total{}, "name tensors parameters bytes"},
		{inspect.Values{}, "min max mean nan inf"},
		{tableRecord{}, "name target text"},
		{modelRecord{}, "id folder model_type bytes targets"},
		{relocateRecord{}, "folder from status files error"},
		{versionRecord{}, "version go os arch olmo_core layout"},
	} {
		var fields []string
		record := reflect.TypeOf(test.record)
		for i := range record.NumField() {
			fields = append(fields, record.Field(i).Tag.Get("json"))
		}
		if got := strings.Join(fields, " "); got != test.fields {
			t.Errorf("%s: fields are\n  %s\nand should be\n  %s", record.Name(), got, test.fields)
		}
	}
	const config = "model_type d_model n_layers n_heads n_kv_heads vocab_size max_sequence_length weight_tying"
	var names []string
	for _, s := range keymap.Summary(nil) {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != config {
		t.Errorf("config of inspect: fields are\n  %s\nand should be\n  %s", got, config)
	}
	if parts := strings.Join(keymap.Parts(), " "); parts != "norms embedding head attention mlp other" {
		t.Errorf("parts are %s", parts)
	}
}
