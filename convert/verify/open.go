package verify

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// checkpoint is a checkpoint folder, and the trainer that it is compared for.
type checkpoint struct {
	*native.Checkpoint
	target string // as package targets names it
}

// opener is native.Open, or native.OpenModel.
type opener func(ctx context.Context, dir string) (*native.Checkpoint, error)

// openCheckpoint reads the headers of a checkpoint folder, of either trainer.
func openCheckpoint(ctx context.Context, dir string, noFollow bool, open opener) (*checkpoint, error) {
	path, err := findFolder(dir)
	if err != nil {
		return nil, err
	}
	if noFollow {
		if err := regular.NoLinksOut(path); err != nil {
			return nil, err
		}
	}
	target := "olmo-core"
	if _, distributed := olmocore.Index(path); !distributed {
		target = "olmo"
		f, _, err := regular.Open(filepath.Join(path, olmo.ModelFile))
		if err != nil {
			return nil, &fault.Fault{File: dir, Problem: olmo.ModelFile + " cannot be opened: " + fault.Cause(err),
				Hint: "Give a checkpoint folder that convert wrote. `hf2olmo check` says what this one is."}
		}
		f.Close()
	}
	c, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	return &checkpoint{c, target}, nil
}

// findFolder returns the absolute path of the checkpoint that is meant by dir: the suffix of an
// unsharded one may be left out, and the folder of the tensors given in place of the whole.
func findFolder(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		other, err := olmo.FolderPath(dir)
		if err != nil {
			return "", err
		}
		if info, err := os.Stat(other); err != nil || !info.IsDir() {
			return "", &fault.Fault{File: dir, Problem: "does not exist",
				Hint: "Give a checkpoint folder, or a Hugging Face model: its folder, or its id in the cache."}
		}
		path = other
	}
	above := filepath.Dir(path)
	if filepath.Base(path) == olmocore.ModelFolder && regular.Is(filepath.Join(above, olmocore.ConfigFile)) {
		path = above
	}
	return path, nil
}

// dtype is one that occurs in the checkpoint and can be converted to, Invalid if there is none.
func (c *checkpoint) dtype() tensor.DType {
	for _, t := range c.Model {
		if t.DType.Convertible() {
			return t.DType
		}
	}
	return tensor.Invalid
}

// optimizer reports whether an index lists more than the model's tensors.
func (c *checkpoint) optimizer() bool {
	return c.Index != nil && (len(c.Index.Blobs) > 0 || slices.ContainsFunc(c.Index.Tensors,
		func(t dcp.Tensor) bool { return !strings.HasPrefix(t.Name, olmocore.ModelPrefix+".") }))
}
