package between_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/between"
	"hf2olmo/convert/dcp"
	"hf2olmo/convert/native"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/torchfile"
	fixtures "hf2olmo/testdata/sharded"
)

// TestUnflattened carries over a run of OLMo-core whose optimizer was saved in numbered groups, as older
// ones were: the same as if each parameter had its own.
func TestUnflattened(t *testing.T) {
	source := filepath.Join(fixtures.Extract(t), "core", "olmo2-tp2fsdp2-adamw")
	_, want := cross(t, source, between.Options{Target: "olmo"})
	dir := filepath.Join(source, "model_and_optim")
	index, err := dcp.OpenIndex(dir)
	must(t, err)
	groups := [][]any{nil, nil}
	for i := range index.Blobs {
		b := &index.Blobs[i]
		if name, ok := strings.CutPrefix(strings.TrimSuffix(b.Name, ".lr"), "optim.param_groups."); ok &&
			strings.HasSuffix(b.Name, ".lr") {
			n := 0
			if strings.HasPrefix(name, "embeddings.") {
				n = 1
			}
			groups[n] = append(groups[n], name)
		}
		b.Name = "rest." + b.Name
		b.Path = []string{b.Name}
	}
	const file = "__9_0.distcp"
	var items []byte
	for n, decay := range []float64{0.1, 0} {
		for _, field := range (pickle.Dict{{Key: "params", Value: groups[n]}, {Key: "lr", Value: 0.0009},
			{Key: "betas", Value: pickle.Tuple{0.9, 0.999}}, {Key: "eps", Value: 1e-8}, {Key: "weight_decay", Value: decay},
			{Key: "initial_lr", Value: 0.001}}) {
			item, err := torchfile.Bytes("archive", field.Value)
			must(t, err)
			name := fmt.Sprintf("optim.param_groups.%d.%s", n, field.Key)
			index.Blobs = append(index.Blobs, dcp.Blob{Name: name, Path: []string{name}, File: file,
				Offset: int64(len(items)), Bytes: int64(len(item))})
			items = append(items, item...)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, file), items, 0o666))
	var text bytes.Buffer
	must(t, index.Write(&text, "x", ""))
	must(t, os.WriteFile(filepath.Join(dir, ".metadata"), text.Bytes(), 0o666))
	_, got := cross(t, source, between.Options{Target: "olmo"})
	a, err := native.Open(context.Background(), want.Output)
	must(t, err)
	b, err := native.Open(context.Background(), got.Output)
	must(t, err)
	if len(a.Groups) != len(b.Groups) || len(a.Groups) != 2 || fmt.Sprint(native.GroupNames(a.Groups[0])) !=
		fmt.Sprint(native.GroupNames(b.Groups[0])) || settings(b.Groups[0])["lr"] != 0.0009 {
		t.Errorf("groups %v, want %v", b.Groups, a.Groups)
	}
	for i, full := range b.Tensors() {
		if other := a.Tensors()[i]; full.Name != other.Name || string(read(t, full)) != string(read(t, other)) {
			t.Errorf("%s differs from %s", full.Name, other.Name)
		}
	}
}
