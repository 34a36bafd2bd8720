package check_test

import (
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A held tensor is what a damaged model.pt is made of.
type held struct {
	name  string
	dtype tensor.DType
	shape []int64
	data  []byte
}

// A damage changes a checkpoint folder.
type damage func(t *testing.T, dir string)

// weigh changes the tensors of model.pt.
func weigh(change func([]held) []held) damage {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, "model.pt")
		f, err := os.Open(path)
		must(t, err)
		defer f.Close()
		info, err := f.Stat()
		must(t, err)
		tensors, err := torchfile.Open(f, &tensor.File{Path: path, Name: "model.pt", Size: info.Size(),
			ModTime: info.ModTime()})
		must(t, err)
		var list []held
		for _, x := range tensors {
			data := make([]byte, x.Bytes())
			_, err := f.ReadAt(data, x.Offset)
			must(t, err)
			list = append(list, held{x.Name, x.DType, x.Shape, data})
		}
		saveModel(t, path, change(list))
	}
}

func saveModel(t *testing.T, path string, list []held) {
	var dict pickle.Dict
	var sums []uint32
	for _, h := range list {
		dict = append(dict, pickle.Item{Key: h.name, Value: torchfile.Tensor{DType: h.dtype, Shape: h.shape}})
		sums = append(sums, crc32.ChecksumIEEE(h.data))
	}
	writeDict(t, path, dict, list, sums)
}

func writeDict(t *testing.T, path string, dict pickle.Dict, list []held, sums []uint32) {
	layout, err := torchfile.Plan("model", dict)
	must(t, err)
	file := make([]byte, layout.Size)
	for i, extent := range layout.Storages {
		copy(file[extent.Offset:], list[i].data)
	}
	for _, piece := range layout.Frame(sums) {
		copy(file[piece.Offset:], piece.Data)
	}
	must(t, os.WriteFile(path, file, 0o644))
}

// one changes the first tensor whose name ends in suffix.
func one(suffix string, change func(*held)) damage {
	return weigh(func(list []held) []held {
		i := slices.IndexFunc(list, func(h held) bool { return strings.HasSuffix(h.name, suffix) })
		change(&list[i])
		return list
	})
}

func renamed(rename func(string) string) damage {
	return weigh(func(list []held) []held {
		for i := range list {
			list[i].name = rename(list[i].name)
		}
		return list
	})
}

// edit replaces text in a file, which must be there.
func edit(file, old, new string) damage {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, file)
		text, err := os.ReadFile(path)
		must(t, err)
		if !strings.Contains(string(text), old) {
			t.Fatalf("%s does not hold %q", file, old)
		}
		must(t, os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o644))
	}
}

// pickled writes a file that torch.save could have written, without tensors.
func pickled(file string, dict pickle.Dict) damage {
	return func(t *testing.T, dir string) { writeDict(t, filepath.Join(dir, file), dict, nil, nil) }
}

func write(file, text string) damage {
	return func(t *testing.T, dir string) { must(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644)) }
}

func remove(files ...string) damage {
	return func(t *testing.T, dir string) {
		for _, file := range files {
			must(t, os.RemoveAll(filepath.Join(dir, file)))
		}
	}
}

func cutTo(file string, size int64) damage {
	return func(t *testing.T, dir string) { must(t, os.Truncate(filepath.Join(dir, file), size)) }
}

// copied puts a file of the repository's testdata into the folder.
func copied(from, to string) damage {
	return func(t *testing.T, dir string) {
		data, err := os.ReadFile(filepath.Join(testdata, from))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, to), data, 0o644))
	}
}

func all(damages ...damage) damage {
	return func(t *testing.T, dir string) {
		for _, d := range damages {
			d(t, dir)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
