package main

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func both(first, second func(*testing.T, string)) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		first(t, dir)
		second(t, dir)
	}
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, name))) }
}

func pipe(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		must(t, os.Remove(filepath.Join(dir, name)))
		must(t, syscall.Mkfifo(filepath.Join(dir, name), 0o666))
	}
}

func folderFor(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		must(t, os.Remove(filepath.Join(dir, name)))
		must(t, os.Mkdir(filepath.Join(dir, name), 0o777))
	}
}

func link(name, target string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		must(t, os.Remove(filepath.Join(dir, name)))
		must(t, os.Symlink(target, filepath.Join(dir, name)))
	}
}

func linkOut(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		elsewhere := filepath.Join(t.TempDir(), name)
		must(t, os.Rename(filepath.Join(dir, name), elsewhere))
		must(t, os.Symlink(elsewhere, filepath.Join(dir, name)))
	}
}

func ring(t *testing.T, dir string) {
	link("config.json", "other.json")(t, dir)
	must(t, os.Symlink("config.json", filepath.Join(dir, "other.json")))
}

func hole(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { must(t, os.Truncate(filepath.Join(dir, name), 1<<40)) }
}

// text writes a file piece by piece: the memory of the test counts in that of the processes that it starts.
func text(name string, write func(w *bufio.Writer)) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		f, err := os.Create(filepath.Join(dir, name))
		must(t, err)
		w := bufio.NewWriter(f)
		write(w)
		must(t, w.Flush())
		must(t, f.Close())
	}
}

// repeated writes piece n times between head and tail; %x in piece is its number.
func repeated(head, piece string, n int, tail string) func(*bufio.Writer) {
	return func(w *bufio.Writer) {
		w.WriteString(head)
		for i := range n {
			if strings.Contains(piece, "%") {
				w.WriteString(strings.ReplaceAll(piece, "%x", strconv.FormatInt(int64(i), 16)))
			} else {
				w.WriteString(piece)
			}
		}
		w.WriteString(tail)
	}
}

// configOf, tokenizerOf, indexOf and weightsOf write a file as repeated does; that of weights is the header alone.
func configOf(head, piece string, n int, tail string) func(*testing.T, string) {
	return text("config.json", repeated(head, piece, n, tail))
}

func tokenizerOf(head, piece string, n int, tail string) func(*testing.T, string) {
	return text("tokenizer.json", repeated(head, piece, n, tail))
}

func indexOf(head, piece string, n int, tail string) func(*testing.T, string) {
	return text("model.safetensors.index.json", repeated(head, piece, n, tail))
}

func weightsOf(head, piece string, n int, tail string) func(*testing.T, string) {
	return text("model.safetensors", header(head, piece, n, tail))
}

// emptyTensors are n tensors without elements.
func emptyTensors(n int) func(*testing.T, string) {
	const empty = `{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`
	return weightsOf(`{"":`+empty, `,"%x":`+empty, n, "}")
}

// addedToken is an entry of added_tokens in tokenizer.json.
const addedToken = `{"id":0,"content":"%x","single_word":false,"lstrip":false,"rstrip":false,` +
	`"normalized":false,"special":false}`

// header is like repeated, for the header of a safetensors file.
func header(head, piece string, n int, tail string) func(*bufio.Writer) {
	return func(w *bufio.Writer) {
		var length byteCount
		count := bufio.NewWriter(&length)
		repeated(head, piece, n, tail)(count)
		count.Flush()
		binary.Write(w, binary.LittleEndian, uint64(length))
		repeated(head, piece, n, tail)(w)
	}
}

// oneTensor pickles a tensor of one element. Its function and its arguments are memoized as 0 and 5.
const oneTensor = "ctorch._utils\n_rebuild_tensor_v2\nq\x00((X\x07\x00\x00\x00storagectorch\nFloatStorage\n" +
	"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00K\x01\x85K\x01\x85\x89ccollections\nOrderedDict\n)Rtq\x05R"

// farTensor is oneTensor with a trillion elements, which are all the same one.
var farTensor = strings.Replace(strings.Replace(oneTensor,
	"K\x01\x85", "\x8a\x06\x00\x00\x00\x00\x00\x01\x85", 1), "K\x01\x85", "K\x00\x85", 1)

// dictOf begins the pickle of a dict with the key "a", and again adds a numbered key with the memoized tensor.
const (
	dictOf = "\x80\x02}(X\x01\x00\x00\x00a"
	again  = "X\x04\x00\x00\x00%04xh\x00h\x05R"
)

// zipped is a .bin with one storage and this pickle, in which piece is repeated n times.
func zipped(head, piece string, n int, tail string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		f, err := os.Create(filepath.Join(dir, "pytorch_model.bin"))
		must(t, err)
		z := zip.NewWriter(f)
		for _, name := range []string{"a/data.pkl", "a/data/0", "a/version"} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: name})
			must(t, err)
			b := bufio.NewWriter(w)
			switch name {
			case "a/data.pkl":
				b.WriteString(head)
				for i := range n {
					fmt.Fprintf(b, piece, i)
				}
				b.WriteString(tail)
			case "a/data/0":
				b.WriteString("\x00\x00\x80\x3f")
			default:
				b.WriteString("3\n")
			}
			must(t, b.Flush())
		}
		must(t, z.Close())
		must(t, f.Close())
	}
}

type byteCount int64

func (c *byteCount) Write(p []byte) (int, error) {
	*c += byteCount(len(p))
	return len(p), nil
}

func setConfig(key string, value any) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, "config.json")
		old, err := os.ReadFile(path)
		must(t, err)
		var config map[string]any
		must(t, json.Unmarshal(old, &config))
		config[key] = value
		changed, err := json.Marshal(config)
		must(t, err)
		must(t, os.WriteFile(path, changed, 0o666))
	}
}
