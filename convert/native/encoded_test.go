package native_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/native"
	"hf2olmo/convert/sharded"
	fixtures "hf2olmo/testdata/sharded"
)

// TestEncoded reads model.safetensors and optim.safetensors of the trainer: the tensors
// are those of the .pt files that they were made of, also if parameters are numbers.
func TestEncoded(t *testing.T) {
	const checkpoints = "../../testdata/checkpoints/"
	want := open(t, checkpoints+"unsharded/step3-unsharded")
	for _, optim := range []string{"optim.safetensors", "optim-ids.safetensors"} {
		dir := filepath.Join(t.TempDir(), "step3-unsharded")
		if err := os.CopyFS(dir, os.DirFS(checkpoints+"safetensors/step3-unsharded")); err != nil {
			t.Fatal(err)
		}
		must(t, os.Rename(filepath.Join(dir, optim), filepath.Join(dir, "optim.safetensors")))
		got := open(t, dir)
		if got.Kind != native.Unsharded || got.Step != 3 || len(got.Groups) != len(want.Groups) {
			t.Errorf("%s: %s of step %d with %d groups", optim, got.Kind, got.Step, len(got.Groups))
		}
		compareModel(t, got, sums(t, want.Model))
		for name, state := range want.Optim {
			compareMoments(t, name, got.Optim[name], sums(t, slices.Collect(maps.Values(state))))
		}
		if len(want.Optim) == 0 || len(got.Optim) != len(want.Optim) {
			t.Errorf("%s: states of %d parameters, want %d", optim, len(got.Optim), len(want.Optim))
		}
	}
}

// sums describes tensors as expected.json does, by the last part of a moment's name or a
// parameter's whole one.
func sums(t *testing.T, tensors []*sharded.Tensor) map[string]fixtures.Sum {
	t.Helper()
	all := map[string]fixtures.Sum{}
	for _, full := range tensors {
		name := full.Name
		if !strings.HasSuffix(name, ".weight") {
			name = name[strings.LastIndexByte(name, '.')+1:]
		}
		hash := sha256.Sum256(read(t, full))
		all[name] = fixtures.Sum{DType: full.DType.String(), Shape: full.Shape, SHA256: hex.EncodeToString(hash[:])}
	}
	return all
}
