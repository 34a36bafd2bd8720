package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	"folder for weights":  {"llama", folder("model.safetensors"), "model.safetensors: is a folder"},
	"folder for config":   {"llama", folder("config.json"), "config.json: is a folder"},
	"folder of itself":    {"llama", link("model.safetensors", "."), "model.safetensors: is a folder"},
	"link to itself":      {"llama", link("model.safetensors", "model.safetensors"), "model.safetensors: too many levels of symbolic links"},
	"links in a ring":     {"llama", ring, "config.json: too many levels of symbolic links"},
	"zeros for weights":   {"llama", link("model.safetensors", "/dev/zero"), "model.safetensors: is a device, not a file"},
	"zeros for config":    {"llama", link("config.json", "/dev/zero"), "config.json: is a device"},
	"zeros for tokenizer": {"llama", link("tokenizer.json", "/dev/zero"), "tokenizer.json: is a device"},
	"noise for weights":   {"llama-bin", link("pytorch_model.bin", "/dev/urandom"), "pytorch_model.bin: is a device"},
	"memory for weights":  {"llama", link("model.safetensors", "/proc/self/mem"), "model.safetensors: "},
	"kernel for config":   {"llama", link("config.json", "/proc/kmsg"), "config.json: "},
	"link out, weights":   {"llama", linkOut("model.safetensors"), "model.safetensors: is a link that leads out of the folder"},
	"link out, config":    {"llama", linkOut("config.json"), "config.json: is a link that leads out of the folder"},
	"link out, tokenizer": {"llama", linkOut("tokenizer.json"), "tokenizer.json: is a link that leads out of the folder"},
	"link out, index":     {"olmo2-sharded", linkOut("model.safetensors.index.json"), "model.safetensors.index.json: is a link that leads out"},
	"link out, shard":     {"olmo2-sharded", linkOut("model-00002-of-00003.safetensors"), "model-00002-of-00003.safetensors: is a link that leads out"},
	"link to a secret":    {"llama", link("tokenizer.json", "/etc/passwd"), "tokenizer.json: is a link that leads out of the folder"},
	"hole of a terabyte":  {"llama", hole("model.safetensors"), "model.safetensors: "},
	"hole for a pickle":   {"llama-bin", hole("pytorch_model.bin"), "pytorch_model.bin: "},
	"hole for config":     {"llama", hole("config.json"), "config.json: is too large"},
	"hole for tokenizer":  {"llama", hole("tokenizer.json"), "tokenizer.json: is too large"},
	"hole for index":      {"olmo2-sharded", hole("model.safetensors.index.json"), "model.safetensors.index.json: is too large"},
	"million tensors":     {"llama", millionTensors, "model.safetensors: "},
	"long header":         {"llama", text("model.safetensors", header(`{"__metadata__":{"a":"`+strings.Repeat("x", 47<<20)+`"}}`)), "model.safetensors: "},
	"long shape":          {"llama", text("model.safetensors", header(`{"a":{"dtype":"F32","shape":[`+strings.Repeat("1,", 5<<20)+`1],"data_offsets":[0,4]}}`)), "header: holds more than any model needs"},
	"many values":         {"llama", text("config.json", `{"a":[`+strings.Repeat("0,", 250_000)+"0]}"), "config.json: holds more than any model needs"},
	"many objects":        {"llama", text("config.json", `{"a":[`+strings.Repeat("{},", 250_000)+"{}]}"), "config.json: holds more than any model needs"},
	"many members":        {"llama", text("config.json", members(60_000)), "config.json: holds more than any model needs"},
	"many layer types":    {"llama", setConfig("layer_types", strings.Split(strings.Repeat("full_attention ", 100_000), " ")), "layer_types is larger than any config needs"},
	"long text":           {"llama", setConfig("hidden_act", strings.Repeat("x", 7<<20)), "hidden_act is larger than any config needs"},
	"many tokens":         {"llama", text("tokenizer.json", `{"model":{"vocab":`+members(2_000_000)+`}}`), "tokenizer.json: holds more than any model needs"},
	"many added tokens":   {"llama", text("tokenizer.json", `{"added_tokens":[`+strings.Repeat(`{"content":"x"},`, 999_000)+`{}]}`), "tokenizer.json: an added token has no content"},
	"many ignored":        {"llama", text("tokenizer.json", `{"x":`+members(2_000_000)+`}`), "tokenizer.json: holds more than any model needs"},
	"long token":          {"llama", text("tokenizer.json", `{"model":{"vocab":{"`+strings.Repeat("x", 60<<20)+`":-1}}}`), "tokenizer.json: the id of token"},
	"many shards":         {"olmo2-sharded", text("model.safetensors.index.json", shards(99_000)), "does not exist"},
	"many tensors, index": {"olmo2-sharded", text("model.safetensors.index.json", shards(200_000)), "holds more than any model needs"},
}

func pipe(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		must(t, os.Remove(filepath.Join(dir, name)))
		must(t, syscall.Mkfifo(filepath.Join(dir, name), 0o666))
	}
}

func folder(name string) func(*testing.T, string) {
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

func text(name, content string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666))
	}
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

func header(json string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(json)))) + json
}

func members(n int) string {
	var b strings.Builder
	b.WriteString(`{"":0`)
	for i := range n {
		fmt.Fprintf(&b, `,"%x":0`, i)
	}
	return b.String() + "}"
}

func shards(n int) string {
	var b strings.Builder
	b.WriteString(`{"weight_map":{"":"x"`)
	for i := range n {
		fmt.Fprintf(&b, `,"%x":"%x.safetensors"`, i, i)
	}
	return b.String() + "}}"
}

func millionTensors(t *testing.T, dir string) {
	f, err := os.Create(filepath.Join(dir, "model.safetensors"))
	must(t, err)
	defer f.Close()
	var b strings.Builder
	b.WriteString(`{"":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`)
	for i := range 1_000_000 {
		fmt.Fprintf(&b, `,"%x":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}`, i)
	}
	_, err = io.WriteString(f, header(b.String()+"}"))
	must(t, err)
}

// TestHostileMade is TestHostile for what is made here.
func TestHostileMade(t *testing.T) {
	for name, c := range made {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			model, out := filepath.Join(dir, "model"), filepath.Join(dir, "out")
			copyFiles(t, model, "../../testdata/models/"+c.base)
			must(t, os.Mkdir(out, 0o777))
			c.make(t, model)
			start := time.Now()
			o := execute(t, "convert", "--into", out, model)
			o.refused(t, out)
			if !strings.Contains(o.stderr, c.want) {
				t.Errorf("%.1000s\nwant %q in it", o.stderr, c.want)
			}
			t.Logf("%v, %v of the processor, %d MB: %s", time.Since(start), o.time, o.memory>>10, o.firstFault())
		})
	}
}
