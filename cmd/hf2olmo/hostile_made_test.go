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
	"time"
)

// made are hostile models that cannot or need not lie in a repository: how one is
// made of a good model in dir, and words from what is said of it.
var made = map[string]struct {
	base string
	make func(t *testing.T, dir string)
	want string
}{
	"pipe for weights":    {"llama", pipe("model.safetensors"), "model.safetensors: is a named pipe, not a file"},
	"pipe for weights 2":  {"llama-bin", pipe("pytorch_model.bin"), "pytorch_model.bin: is a named pipe"},
	"pipe for config":     {"llama", pipe("config.json"), "config.json: is a named pipe"},
	"pipe for tokenizer":  {"llama", pipe("tokenizer.json"), "tokenizer.json: is a named pipe"},
	"pipe for index":      {"olmo2-sharded", pipe("model.safetensors.index.json"), "model.safetensors.index.json: is a named pipe"},
	"pipe for a shard":    {"olmo2-sharded", pipe("model-00002-of-00003.safetensors"), "model-00002-of-00003.safetensors: is a named pipe"},
	"folder for weights":  {"llama", folderFor("model.safetensors"), "model.safetensors: is a folder"},
	"folder for config":   {"llama", folderFor("config.json"), "config.json: is a folder"},
	"folder of itself":    {"llama", link("model.safetensors", "."), "model.safetensors: is a folder"},
	"link to itself":      {"llama", link("model.safetensors", "model.safetensors"), "model.safetensors: too many levels of symbolic links"},
	"links in a ring":     {"llama", ring, "config.json: too many levels of symbolic links"},
	"zeros for weights":   {"llama", link("model.safetensors", "/dev/zero"), "model.safetensors: is a device, not a file"},
	"zeros for config":    {"llama", link("config.json", "/dev/zero"), "config.json: is a device"},
	"zeros for tokenizer": {"llama", link("tokenizer.json", "/dev/zero"), "tokenizer.json: is a device"},
	"noise for weights":   {"llama-bin", link("pytorch_model.bin", "/dev/urandom"), "pytorch_model.bin: is a device"},
	"memory for weights":  {"llama", link("model.safetensors", "/proc/self/mem"), "model.safetensors: "},
	"kernel for config":   {"llama", link("config.json", "/proc/kmsg"), "config.json: "},
	"link out, weights":   {"llama", linkOut("model.safetensors"), "model.safetensors: is a link that points outside the folder"},
	"link out, config":    {"llama", linkOut("config.json"), "config.json: is a link that points outside the folder"},
	"link out, tokenizer": {"llama", linkOut("tokenizer.json"), "tokenizer.json: is a link that points outside the folder"},
	"link out, index":     {"olmo2-sharded", linkOut("model.safetensors.index.json"), "model.safetensors.index.json: is a link that points outside"},
	"link out, shard":     {"olmo2-sharded", linkOut("model-00002-of-00003.safetensors"), "model-00002-of-00003.safetensors: is a link that points outside"},
	"link to a secret":    {"llama", link("tokenizer.json", "/etc/passwd"), "tokenizer.json: is a link that points outside the folder"},
	"hole of a terabyte":  {"llama", hole("model.safetensors"), "model.safetensors: "},
	"hole for a pickle":   {"llama-bin", hole("pytorch_model.bin"), "pytorch_model.bin: "},
	"hole for config":     {"llama", hole("config.json"), "config.json: is too large"},
	"hole for tokenizer":  {"llama", hole("tokenizer.json"), "tokenizer.json: is too large"},
	"hole for index":      {"olmo2-sharded", hole("model.safetensors.index.json"), "model.safetensors.index.json: is too large"},
	"many in a .bin":      {"llama-bin", zipped("\x80\x02}(X\x01\x00\x00\x00a"+oneTensor, "X\x04\x00\x00\x00%04xh\x00h\x05R", 65_000, "u."), "not used by the llama table"},
	"many dimensions":     {"llama-bin", zipped("\x80\x02}(X\x01\x00\x00\x00a"+strings.ReplaceAll(oneTensor, "K\x01\x85", "("+strings.Repeat("K\x01", 100)+"t"), "X\x04\x00\x00\x00%04xh\x00h\x05R", 65_000, "u."), "has 100 dimensions"},
	"expanded far":        {"llama-bin", zipped("\x80\x02}(X\x01\x00\x00\x00a"+strings.Replace(strings.Replace(oneTensor, "K\x01\x85", "\x8a\x06\x00\x00\x00\x00\x00\x01\x85", 1), "K\x01\x85", "K\x00\x85", 1), "", 0, "u."), "more than 64 times the size of the file"},
	"million tensors":     {"llama", text("model.safetensors", header(`{"":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`, `,"%x":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`, 1_000_000, "}")), "model.safetensors: is not"},
	"many tensors":        {"llama", text("model.safetensors", header(`{"":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`, `,"%x":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`, 99_000, "}")), "is not used by the llama table"},
	"too many tensors":    {"llama", text("model.safetensors", header(`{"":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`, `,"%x":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`, 101_000, "}")), "more than any model needs"},
	"long header":         {"llama", text("model.safetensors", header(`{"__metadata__":{"":""`, `,"%x":"`+strings.Repeat("x", 8000)+`"`, 2900, `}}`)), "model.safetensors: contains no tensors"},
	"long metadata":       {"llama", text("model.safetensors", header(`{"__metadata__":{"a":"`, "xxxxxxxxxx", 2_300_000, `"}}`)), "bytes in a string"},
	"long shape":          {"llama", text("model.safetensors", header(`{"a":{"dtype":"F32","shape":[`, "1,", 5<<20, `1],"data_offsets":[0,4]}}`)), "header: contains more than any model needs"},
	"many values":         {"llama", text("config.json", repeated(`{"a":[`, "0,", 250_000, "0]}")), "config.json: contains more than any model needs"},
	"many objects":        {"llama", text("config.json", repeated(`{"a":[`, "{},", 250_000, "{}]}")), "config.json: contains more than any model needs"},
	"many members":        {"llama", text("config.json", repeated(`{"":0`, `,"%x":0`, 60_000, "}")), "config.json: contains more than any model needs"},
	"many layer types":    {"llama", setConfig("layer_types", strings.Fields(strings.Repeat("x ", 1000))), "layer_types: OLMo has full attention"},
	"more layer types":    {"llama", text("config.json", repeated(`{"model_type":"llama","layer_types":[""`, `,""`, 100_000, "]}")), "layer_types is larger than any config needs"},
	"long text":           {"llama", text("config.json", repeated(`{"model_type":"llama","hidden_act":"`, "xxxxxxxx", 500_000, `"}`)), "hidden_act is larger than any config needs"},
	"many tokens":         {"llama", text("tokenizer.json", repeated(`{"model":{"vocab":{"":0`, `,"%x":0`, 2_000_000, "}}}")), "tokenizer.json: contains more than any model needs"},
	"most tokens":         {"llama", text("tokenizer.json", repeated(`{"model":{"vocab":{"":0`, `,"%x":0`, 590_000, `}}}`)), "model has no merges"},
	"many wrong tokens":   {"llama", text("tokenizer.json", repeated(`{"model":{"merges":[],"vocab":{"":0`, `,"%x":""`, 590_000, `}}}`)), "tokenizer.json: the id of token"},
	"many scores":         {"llama", text("tokenizer.json", repeated(`{"model":{"vocab":[["",0]`, `,["%x",0]`, 3_000_000, `]}}`)), "tokenizer.json: contains more than any model needs"},
	"most scores":         {"llama", text("tokenizer.json", repeated(`{"model":{"type":"","vocab":[["",0]`, `,["%x",0]`, 599_000, `]}}`)), "model has a type that is not known"},
	"many added tokens":   {"llama", text("tokenizer.json", repeated(`{"added_tokens":[`, `{"id":0,"content":"%x","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":false},`, 80_000, `{}]}`)), "tokenizer.json: an added token has no id"},
	"many unknown":        {"llama", text("tokenizer.json", repeated(`{"model":{"x":{"":0`, `,"%x":0`, 300_000, "}}}")), "tokenizer.json: has a value that is larger than any tokenizer needs"},
	"many models":         {"llama", text("tokenizer.json", repeated(`{"version":"1.0"`, `,"model":{"vocab":{},"merges":[]}`, 190_000, `,"model":0}`)), "tokenizer.json: model is not an object"},
	"many merges":         {"llama", text("tokenizer.json", repeated(`{"model":{"merges":[0`, `,["a","b"]`, 5_000_000, "]}}")), "tokenizer.json: contains more than any model needs"},
	"most merges":         {"llama", text("tokenizer.json", repeated(`{"model":{"vocab":{"a":0,"aa":1},"merges":[["a","a"]`, `,["a","a"]`, 1_999_000, `,"a"]}}`)), "tokenizer.json: a merge is"},
	"most merges, early":  {"llama", text("tokenizer.json", repeated(`{"model":{"merges":[["a","a"]`, `,["a","a"]`, 1_999_000, `,"a"],"vocab":{"a":0,"aa":1}}}`)), "tokenizer.json: a merge is"},
	"long merge":          {"llama", text("tokenizer.json", repeated(`{"model":{"vocab":{},"merges":["`, "xxxxxxxx", 500_000, `"]}}`)), "tokenizer.json: a merge is not two tokens"},
	"long token":          {"llama", text("tokenizer.json", repeated(`{"model":{"merges":[],"vocab":{"`, "xxxxxxxx", 500_000, `":-1}}}`)), "tokenizer.json: the id of token"},
	"longer token":        {"llama", text("tokenizer.json", repeated(`{"model":{"vocab":{"`, "xxxxxxxx", 5_000_000, `":-1}}}`)), "bytes in a string"},
	"many shards":         {"olmo2-sharded", text("model.safetensors.index.json", repeated(`{"weight_map":{"":"x"`, `,"%x":"%x.safetensors"`, 99_000, "}}")), "is stale"},
	"many lost shards":    {"olmo2-sharded", both(remove("model-00001-of-00003.safetensors"), text("model.safetensors.index.json", repeated(`{"weight_map":{"":"x"`, `,"%x":"%x.safetensors"`, 99_000, "}}"))), "does not exist"},
	"many tensors, index": {"olmo2-sharded", text("model.safetensors.index.json", repeated(`{"weight_map":{"":"x"`, `,"%x":"x"`, 200_000, "}}")), "contains more than any model needs"},
}

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

// text writes a file a piece at a time: the test's own memory counts in that of the
// processes that it starts.
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

// header is repeated as the header of a safetensors file.
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

// oneTensor pickles a tensor of one element, whose function and arguments are memoised as 0 and 5.
const oneTensor = "ctorch._utils\n_rebuild_tensor_v2\nq\x00((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQ" +
	"K\x00K\x01\x85K\x01\x85\x89ccollections\nOrderedDict\n)Rtq\x05R"

// zipped is a .bin with one storage and this pickle, in which piece stands n times.
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

// TestHostileMade is TestHostile for what is made here.
func TestHostileMade(t *testing.T) {
	good := goodFolders(t)
	for name, c := range made {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			model, out := filepath.Join(dir, "model"), filepath.Join(dir, "out")
			copyFiles(t, model, "../../testdata/models/"+c.base)
			must(t, os.Mkdir(out, 0o777))
			c.make(t, model)
			start := time.Now()
			args := []string{"convert", "--into", out, model}
			if strings.HasPrefix(name, "link ") {
				args = append(args, "--no-follow")
			}
			o := execute(t, args...)
			o.refused(t, out)
			if !strings.Contains(o.stderr, c.want) {
				t.Errorf("%.1000s\nwant %q in it", o.stderr, c.want)
			}
			t.Logf("%v, %v of the processor, %d MB: %s", time.Since(start), o.time, o.memory>>10, o.firstFault())
			for _, args := range [][]string{
				{"convert", "--target", "olmo-core", "--json", "--dry-run", "--into", out, model},
				{"inspect", "--stats", "--json", model}, {"check", "--full", model}, {"verify", model, good[1]},
			} {
				execute(t, args...).bears(t)
			}
		})
	}
}
