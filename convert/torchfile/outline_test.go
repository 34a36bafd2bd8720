package torchfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/torchfile"
)

const checkpoints = "../../testdata/checkpoints"

func openOutline(t *testing.T, path string) any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(checkpoints, path))
	if err != nil {
		t.Fatal(err)
	}
	v, err := torchfile.OpenOutline(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// TestOutline reads what the real trainer saved: dicts, classes, paths, numpy arrays.
func TestOutline(t *testing.T) {
	train := pickle.AsMap(openOutline(t, "unsharded/step3-unsharded/train.pt"))
	if train.Get("global_step") != any(int64(3)) || train.Get("world_size") != any(int64(2)) {
		t.Errorf("train.pt: %v", train)
	}
	paths, _ := train.Get("unsharded_checkpoints").(*pickle.List)
	if paths == nil || len(paths.Items) != 1 || paths.Items[0].(*pickle.Object).Class != "pathlib.PosixPath" {
		t.Errorf("unsharded_checkpoints: %v", paths)
	}
	optim := pickle.AsMap(openOutline(t, "unsharded/step3-unsharded/optim.pt"))
	if pickle.AsMap(optim.Get("state")) == nil || optim.Get("param_groups") == nil {
		t.Errorf("optim.pt: %v", optim)
	}
	metadata, _ := openOutline(t, "new/step3/model_and_optim/.metadata").(*pickle.Object)
	if metadata == nil || len(pickle.AsMap(pickle.AsMap(metadata.State).Get("state_dict_metadata")).Items) == 0 {
		t.Errorf(".metadata: %v", metadata)
	}
	legacy := pickle.AsMap(openOutline(t, "legacy/step3/rank0.pt"))
	if len(pickle.AsMap(legacy.Get("model")).Items) != 8 {
		t.Errorf("rank0.pt: %d tensors", len(pickle.AsMap(legacy.Get("model")).Items))
	}
}

// TestOutlineOfDamage cuts and changes real files at every place: an error or an
// outline, never a panic.
func TestOutlineOfDamage(t *testing.T) {
	for _, path := range []string{"new/step3/model_and_optim/.metadata", "unsharded/step3-unsharded/train.pt"} {
		data, err := os.ReadFile(filepath.Join(checkpoints, path))
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(data); at += 7 {
			torchfile.OpenOutline(bytes.NewReader(data[:at]), int64(at))
			broken := bytes.Clone(data)
			broken[at] ^= 0xff
			torchfile.OpenOutline(bytes.NewReader(broken), int64(len(broken)))
		}
	}
}
