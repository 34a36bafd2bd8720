package convert_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/native"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/verify"
	"hf2olmo/keymap"
)

// values reads all elements of a tensor.
func values(t *testing.T, one *tensor.Tensor, as tensor.DType) []byte {
	t.Helper()
	files, err := tensor.OpenFiles([]tensor.Tensor{*one})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	content := tensor.Content{DType: as, Parts: []*tensor.Tensor{one}}
	p := make([]byte, content.Bytes())
	if err := tensor.NewGatherer(files).Read(p, &content, 0); err != nil {
		t.Fatal(err)
	}
	return p
}

// worded converts a model with a table that extends one of OLMo-core's, verifies what is made, and returns
// the values of both, by name.
func worded(t *testing.T, source, table string, dtype tensor.DType) (model, made map[string][]byte) {
	t.Helper()
	parsed, err := keymap.Parse([]byte(table))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	result, err := converttest.Convert(ctx, source,
		convert.Options{Target: "olmo-core", Into: t.TempDir(), Keymap: parsed, DType: dtype})
	if err != nil {
		t.Fatal(err)
	}
	same, err := verify.Folder(ctx, source, result.Output, verify.Options{Keymap: parsed})
	if err != nil || !same.Same() {
		t.Fatalf("%v %+v", err, same)
	}
	opened, err := hf.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := native.OpenModel(ctx, result.Output)
	if err != nil {
		t.Fatal(err)
	}
	model, made = map[string][]byte{}, map[string][]byte{}
	for i := range opened.Tensors {
		as := opened.Tensors[i].DType
		if dtype != tensor.Invalid {
			as = dtype
		}
		model[opened.Tensors[i].Name] = values(t, &opened.Tensors[i], as)
	}
	for _, one := range checkpoint.Model {
		made[filepath.Base(one.Name)] = values(t, &one.Tensor, one.DType)
	}
	return model, made
}

// TestRowsAndZeros cuts tensors into rows, puts them together in another order, and fills in zeros.
func TestRowsAndZeros(t *testing.T) {
	const table = `
family: cut
extends: olmo-core/llama
tensors:
  lm_head.norm.weight: {zeros: true}
  "{layer}.attention.w_k.weight":
    - {from: "model.layers.{i}.self_attn.v_proj.weight", shape: [kv_dim, d_model], rows: [3, kv_dim]}
    - {zeros: true, shape: [2, d_model]}
    - {from: "model.layers.{i}.self_attn.v_proj.weight", shape: [kv_dim, d_model], rows: ["0", "1"]}
  "{layer}.attention.w_v.weight": model.layers.{i}.self_attn.k_proj.weight
drop:
  model.norm.weight: {}
  model.layers.{i}.self_attn.v_proj.weight: {rows: [1, 3]}
`
	for _, dtype := range []tensor.DType{tensor.Invalid, tensor.BFloat16} {
		model, made := worded(t, "../testdata/models/llama", table, dtype)
		for _, layer := range []string{"0", "1"} {
			from := model["model.layers."+layer+".self_attn.v_proj.weight"]
			row := len(from) / 8
			want := append(append(bytes.Clone(from[3*row:]), make([]byte, 2*row)...), from[:row]...)
			if !bytes.Equal(made["blocks."+layer+".attention.w_k.weight"], want) {
				t.Errorf("%v: layer %s: w_k is not rows 3 to 7, zeros and row 0", dtype, layer)
			}
		}
		if norm := made["lm_head.norm.weight"]; len(norm) == 0 || !tensor.AllZero(norm) {
			t.Errorf("%v: the norm is %x", dtype, norm)
		}
	}
}

// TestScaleAndPermute multiplies a tensor, as it is and cast, and makes two halves of the pairs of rows of each head.
func TestScaleAndPermute(t *testing.T) {
	const table = `
family: changed
extends: olmo-core/llama
tensors:
  "{layer}.attention.w_q.weight":
    {from: "model.layers.{i}.self_attn.q_proj.weight", permute: {halves: [head_dim, head_dim]}}
  "{layer}.attention.w_out.weight":
    {from: "model.layers.{i}.self_attn.o_proj.weight", scale: (3.0 / hidden_size) ** 0.5}
`
	const source = "../testdata/models/llama"
	wide, _ := worded(t, source, table, tensor.Float32)
	for _, dtype := range []tensor.DType{tensor.Invalid, tensor.BFloat16} {
		model, made := worded(t, source, table, dtype)
		for _, layer := range []string{"0", "1"} {
			from := model["model.layers."+layer+".self_attn.q_proj.weight"]
			to := made["blocks."+layer+".attention.w_q.weight"]
			row := len(from) / 16
			for i, at := range []int{0, 2, 1, 3, 4, 6, 5, 7} { // of two heads
				if !bytes.Equal(to[i*row:(i+1)*row], from[at*row:(at+1)*row]) {
					t.Errorf("%v: layer %s: row %d is not row %d", dtype, layer, i, at)
				}
			}
			from = wide["model.layers."+layer+".self_attn.o_proj.weight"]
			to = made["blocks."+layer+".attention.w_out.weight"]
			want := make([]byte, 0, len(from))
			for ; len(from) > 0; from = from[4:] {
				x := math.Float32frombits(binary.LittleEndian.Uint32(from)) * float32(math.Sqrt(3.0/16))
				want = binary.LittleEndian.AppendUint32(want, math.Float32bits(x))
			}
			if dtype == tensor.BFloat16 {
				want = narrowed(want)
			}
			if !bytes.Equal(to, want) {
				t.Errorf("%v: layer %s: w_out is not o_proj times √(3/16)", dtype, layer)
			}
		}
	}
}

// narrowed rounds float32 to bfloat16.
func narrowed(wide []byte) (narrow []byte) {
	for ; len(wide) > 0; wide = wide[4:] {
		bits := binary.LittleEndian.Uint32(wide)
		narrow = binary.LittleEndian.AppendUint16(narrow, uint16((bits+0x7fff+bits>>16&1)>>16))
	}
	return narrow
}

// TestScaleIsSaid: what is rounded to a narrow dtype by a factor is warned of, and a power of two is not.
func TestScaleIsSaid(t *testing.T) {
	for scale, said := range map[string]bool{"0.3": true, "0.25": false, "-4": false, "1": false} {
		parsed, err := keymap.Parse([]byte(`
extends: olmo-core/llama
tensors:
  lm_head.norm.weight: {from: model.norm.weight, scale: '` + scale + `'}
`))
		if err != nil {
			t.Fatal(err)
		}
		for _, dtype := range []tensor.DType{tensor.Invalid, tensor.BFloat16} {
			c, err := convert.Prepare(t.Context(), "../testdata/models/llama",
				convert.Options{Target: "olmo-core", Into: t.TempDir(), Keymap: parsed, DType: dtype})
			if err != nil {
				t.Fatal(err)
			}
			const want = "lm_head.norm.weight is multiplied"
			if got := strings.Contains(strings.Join(c.Warnings, " "), want); got != (said && dtype == tensor.BFloat16) {
				t.Errorf("%s, %v: %q", scale, dtype, c.Warnings)
			}
		}
	}
}
