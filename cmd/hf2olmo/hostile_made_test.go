package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// made are hostile models that cannot or need not be stored in a repository: how to make one from a good model in dir,
// and a part of the message.
var made = map[string]struct {
	base string
	make func(t *testing.T, dir string)
	want string
}{
	"pipe for weights":   {"llama", pipe("model.safetensors"), "model.safetensors: is a named pipe, not a file"},
	"pipe for weights 2": {"llama-bin", pipe("pytorch_model.bin"), "pytorch_model.bin: is a named pipe"},
	"pipe for config":    {"llama", pipe("config.json"), "config.json: is a named pipe"},
	"pipe for tokenizer": {"llama", pipe("tokenizer.json"), "tokenizer.json: is a named pipe"},
	"pipe for index": {"olmo2-sharded",
		pipe("model.safetensors.index.json"), "model.safetensors.index.json: is a named pipe"},
	"pipe for a shard": {"olmo2-sharded",
		pipe("model-00002-of-00003.safetensors"), "model-00002-of-00003.safetensors: is a named pipe"},
	"folder for weights": {"llama", folderFor("model.safetensors"), "model.safetensors: is a folder"},
	"folder for config":  {"llama", folderFor("config.json"), "config.json: is a folder"},
	"folder of itself":   {"llama", link("model.safetensors", "."), "model.safetensors: is a folder"},
	"link to itself": {"llama",
		link("model.safetensors", "model.safetensors"), "model.safetensors: too many levels of symbolic links"},
	"links in a ring":     {"llama", ring, "config.json: too many levels of symbolic links"},
	"zeros for weights":   {"llama", link("model.safetensors", "/dev/zero"), "model.safetensors: is a device, not a file"},
	"zeros for config":    {"llama", link("config.json", "/dev/zero"), "config.json: is a device"},
	"zeros for tokenizer": {"llama", link("tokenizer.json", "/dev/zero"), "tokenizer.json: is a device"},
	"noise for weights":   {"llama-bin", link("pytorch_model.bin", "/dev/urandom"), "pytorch_model.bin: is a device"},
	"memory for weights":  {"llama", link("model.safetensors", "/proc/self/mem"), "model.safetensors: "},
	"kernel for config":   {"llama", link("config.json", "/proc/kmsg"), "config.json: "},
	"link out, weights": {"llama",
		linkOut("model.safetensors"), "model.safetensors: is a link that points outside the folder"},
	"link out, config": {"llama", linkOut("config.json"), "config.json: is a link that points outside the folder"},
	"link out, tokenizer": {"llama",
		linkOut("tokenizer.json"), "tokenizer.json: is a link that points outside the folder"},
	"link out, index": {"olmo2-sharded",
		linkOut("model.safetensors.index.json"), "model.safetensors.index.json: is a link that points outside"},
	"link out, shard": {"olmo2-sharded",
		linkOut("model-00002-of-00003.safetensors"), "model-00002-of-00003.safetensors: is a link that points outside"},
	"link to a secret": {"llama",
		link("tokenizer.json", "/etc/passwd"), "tokenizer.json: is a link that points outside the folder"},
	"hole of a terabyte": {"llama", hole("model.safetensors"), "model.safetensors: "},
	"hole for a pickle":  {"llama-bin", hole("pytorch_model.bin"), "pytorch_model.bin: "},
	"hole for config":    {"llama", hole("config.json"), "config.json: is too large"},
	"hole for tokenizer": {"llama", hole("tokenizer.json"), "tokenizer.json: is too large"},
	"hole for index": {"olmo2-sharded",
		hole("model.safetensors.index.json"), "model.safetensors.index.json: is too large"},
	"many in a .bin": {"llama-bin", zipped(dictOf+oneTensor, again, 65_000, "u."), "not used by the llama table"},
	"many dimensions": {"llama-bin",
		zipped(dictOf+strings.ReplaceAll(oneTensor, "K\x01\x85", "("+strings.Repeat("K\x01", 100)+"t"), again, 65_000, "u."),
		"has 100 dimensions"},
	"expanded far":     {"llama-bin", zipped(dictOf+farTensor, "", 0, "u."), "more than 64 times the size of the file"},
	"million tensors":  {"llama", emptyTensors(1_000_000), "model.safetensors: is not"},
	"many tensors":     {"llama", emptyTensors(99_000), "is not used by the llama table"},
	"too many tensors": {"llama", emptyTensors(101_000), "more than any model needs"},
	"long header": {"llama",
		weightsOf(`{"__metadata__":{"":""`, `,"%x":"`+strings.Repeat("x", 8000)+`"`, 2900, `}}`),
		"model.safetensors: contains no tensors"},
	"long metadata": {"llama", weightsOf(`{"__metadata__":{"a":"`, "xxxxxxxxxx", 2_300_000, `"}}`), "bytes in a string"},
	"long shape": {"llama",
		weightsOf(`{"a":{"dtype":"F32","shape":[`, "1,", 5<<20, `1],"data_offsets":[0,4]}}`),
		"header: contains more than any model needs"},
	"many values": {"llama",
		configOf(`{"a":[`, "0,", 250_000, "0]}"),
		"config.json: contains more than any model needs"},
	"many objects": {"llama",
		configOf(`{"a":[`, "{},", 250_000, "{}]}"),
		"config.json: contains more than any model needs"},
	"many members": {"llama",
		configOf(`{"":0`, `,"%x":0`, 60_000, "}"),
		"config.json: contains more than any model needs"},
	"many layer types": {"llama",
		setConfig("layer_types", strings.Fields(strings.Repeat("x ", 1000))), "layer_types: OLMo has full attention"},
	"more layer types": {"llama",
		configOf(`{"model_type":"llama","layer_types":[""`, `,""`, 100_000, "]}"),
		"layer_types is larger than any config needs"},
	"long text": {"llama",
		configOf(`{"model_type":"llama","hidden_act":"`, "xxxxxxxx", 500_000, `"}`),
		"hidden_act is larger than any config needs"},
	"many tokens": {"llama",
		tokenizerOf(`{"model":{"vocab":{"":0`, `,"%x":0`, 2_000_000, "}}}"),
		"tokenizer.json: contains more than any model needs"},
	"most tokens": {"llama", tokenizerOf(`{"model":{"vocab":{"":0`, `,"%x":0`, 590_000, `}}}`), "model has no merges"},
	"many wrong tokens": {"llama",
		tokenizerOf(`{"model":{"merges":[],"vocab":{"":0`, `,"%x":""`, 590_000, `}}}`), "tokenizer.json: the id of token"},
	"many scores": {"llama",
		tokenizerOf(`{"model":{"vocab":[["",0]`, `,["%x",0]`, 3_000_000, `]}}`),
		"tokenizer.json: contains more than any model needs"},
	"most scores": {"llama",
		tokenizerOf(`{"model":{"type":"","vocab":[["",0]`, `,["%x",0]`, 599_000, `]}}`),
		"model has a type that is not known"},
	"many added tokens": {"llama",
		tokenizerOf(`{"added_tokens":[`, addedToken+`,`, 80_000, `{}]}`),
		"tokenizer.json: an added token has no id"},
	"many unknown": {"llama",
		tokenizerOf(`{"model":{"x":{"":0`, `,"%x":0`, 300_000, "}}}"),
		"tokenizer.json: has a value that is larger than any tokenizer needs"},
	"many models": {"llama",
		tokenizerOf(`{"version":"1.0"`, `,"model":{"vocab":{},"merges":[]}`, 190_000, `,"model":0}`),
		"tokenizer.json: model is not an object"},
	"many merges": {"llama",
		tokenizerOf(`{"model":{"merges":[0`, `,["a","b"]`, 5_000_000, "]}}"),
		"tokenizer.json: contains more than any model needs"},
	"most merges": {"llama",
		tokenizerOf(`{"model":{"vocab":{"a":0,"aa":1},"merges":[["a","a"]`, `,["a","a"]`, 1_999_000, `,"a"]}}`),
		"tokenizer.json: a merge is"},
	"most merges, early": {"llama",
		tokenizerOf(`{"model":{"merges":[["a","a"]`, `,["a","a"]`, 1_999_000, `,"a"],"vocab":{"a":0,"aa":1}}}`),
		"tokenizer.json: a merge is"},
	"long merge": {"llama",
		tokenizerOf(`{"model":{"vocab":{},"merges":["`, "xxxxxxxx", 500_000, `"]}}`),
		"tokenizer.json: a merge is not two tokens"},
	"long token": {"llama",
		tokenizerOf(`{"model":{"merges":[],"vocab":{"`, "xxxxxxxx", 500_000, `":-1}}}`), "tokenizer.json: the id of token"},
	"longer token": {"llama", tokenizerOf(`{"model":{"vocab":{"`, "xxxxxxxx", 5_000_000, `":-1}}}`), "bytes in a string"},
	"many shards": {"olmo2-sharded",
		indexOf(`{"weight_map":{"":"x"`, `,"%x":"%x.safetensors"`, 99_000, "}}"), "is stale"},
	"many lost shards": {"olmo2-sharded",
		both(remove("model-00001-of-00003.safetensors"),
			indexOf(`{"weight_map":{"":"x"`, `,"%x":"%x.safetensors"`, 99_000, "}}")),
		"does not exist"},
	"many tensors, index": {"olmo2-sharded",
		indexOf(`{"weight_map":{"":"x"`, `,"%x":"x"`, 200_000, "}}"), "contains more than any model needs"},
}

// TestHostileMade is TestHostile for models that are made here.
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
			o.checkRefused(t, out)
			if !strings.Contains(o.stderr, c.want) {
				t.Errorf("%.1000s\nwant %q in it", o.stderr, c.want)
			}
			t.Logf("%v, %v of the processor, %d MB: %s", time.Since(start), o.time, o.memory>>10, o.firstFault())
			for _, args := range [][]string{
				{"convert", "--target", "olmo-core", "--json", "--dry-run", "--into", out, model},
				{"inspect", "--stats", "--json", model}, {"check", "--full", model}, {"verify", model, good[1]},
			} {
				execute(t, args...).checkEnded(t)
			}
		})
	}
}
