package verify_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/between"
	fixtures "hf2olmo/testdata/sharded"
)

// TestVerifyThereAndBack: a sharded checkpoint that went to OLMo-core and came back is no unsharding of it.
// Its files say in other words what the checkpoint says.
func TestVerifyThereAndBack(t *testing.T) {
	root := filepath.Join(fixtures.Extract(t), "olmo")
	for _, name := range []string{"t215-torch_legacy", "t215-torch_new", "t22-tied_local", "t215-olmo_core3"} {
		source := filepath.Join(root, name, "step3")
		back := crossed(t, crossed(t, source, "olmo-core"), "olmo")
		for _, p := range []pair{{source, back}, {back, source}} {
			if v := verified(t, p.source, p.made); !v.Same() || v.Moments == 0 {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
}

// crossed carries a checkpoint over to a trainer.
func crossed(t *testing.T, source, target string) string {
	t.Helper()
	c, err := between.Prepare(context.Background(), source, between.Options{Target: target, Into: t.TempDir()})
	must(t, err)
	r, err := c.Write(context.Background())
	must(t, err)
	return r.Output
}

// TestVerifyGroups: the optimizer's settings of each parameter are compared, whichever trainer has them.
func TestVerifyGroups(t *testing.T) {
	source := filepath.Join(fixtures.Extract(t), "olmo", "t215-torch_legacy", "step3")
	core := crossed(t, source, "olmo-core")
	back := crossed(t, core, "olmo")
	for name, c := range map[string]struct {
		source, made string
		file, field  string // in which a value is changed
		want         string
	}{
		"two of OLMo-core": {core, core, "model_and_optim/__0_0.distcp", "0.1",
			"optimizer: weight_decay of lm_head.w_out.weight: expected 0.1, found 0.7"},
		"across": {source, core, "model_and_optim/__0_0.distcp", "0.1",
			"optimizer: weight_decay of lm_head.weight: expected 0.1, found 0.7"},
		"sharded": {source, back, "optim.pt", "1e-05",
			"optimizer: eps of transformer.blocks.0.att_proj.weight and 8 others: expected 1.0e-05, found 0.7"},
		"back":        {core, back, "optim.pt", "0.1", "optimizer: weight_decay of "},
		"nothing":     {core, back, "optim.pt", "", ""},
		"two of OLMo": {back, back, "optim.pt", "0.1", "optimizer: weight_decay of "},
	} {
		t.Run(name, func(t *testing.T) {
			made := filepath.Join(t.TempDir(), filepath.Base(c.made))
			must(t, os.CopyFS(made, os.DirFS(c.made)))
			if c.field != "" {
				setFloat(t, filepath.Join(made, c.file), c.field)
			}
			said := compared(pair{c.source, made})
			if c.want == "" && said != "" || !strings.Contains(said, c.want) {
				t.Errorf("want %q in\n%s", c.want, said)
			}
		})
	}
}

// setFloat makes the first float of this value in a pickle of a file 0.7, and mends the record's checksum.
func setFloat(t *testing.T, path, value string) {
	t.Helper()
	was, err := strconv.ParseFloat(value, 64)
	must(t, err)
	text := readFile(t, path)
	at := bytes.Index(text, pickled(was))
	if at < 0 {
		t.Fatalf("no %s in %s", value, path)
	}
	name := bytes.LastIndex(text[:at], []byte("data.pkl")) // in the header of the record
	from := bytes.LastIndex(text[:name], []byte("PK\x03\x04"))
	start := from + 30 + int(binary.LittleEndian.Uint16(text[from+26:])) + int(binary.LittleEndian.Uint16(text[from+28:]))
	end := start + int(binary.LittleEndian.Uint32(text[from+18:]))
	before := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(text[start:end]))
	copy(text[at:], pickled(0.7))
	after := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(text[start:end]))
	copy(text[from+14:], after)
	copy(text[end:], bytes.Replace(text[end:], before, after, 1)) // the central directory's
	writeFile(t, path, text)
}

// pickled is a float as a pickle has it.
func pickled(v float64) []byte {
	return binary.BigEndian.AppendUint64([]byte("G"), math.Float64bits(v))
}

// TestVerifyBlockGroups: layers that one checkpoint has in groups, and the other has not, are the same.
func TestVerifyBlockGroups(t *testing.T) {
	grouped := toNative(t, "hf_olmo-groups", convert.Options{})
	back := crossed(t, crossed(t, grouped, "olmo-core"), "olmo")
	for _, p := range []pair{{grouped, back}, {back, grouped}} {
		if v := verified(t, p.source, p.made); !v.Same() {
			t.Errorf("%+v", v)
		}
	}
}
