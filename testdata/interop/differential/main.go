// Command differential says what this program reads in a file, so that a test can compare
// it with what the real library reads there. It is asked on stdin, one JSON object per
// line with "kind" and "path", and answers on stdout, one line each: what was read, or
// why it was refused.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert/hf"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

type question struct {
	Kind, Path string
	Tokens     []string // whose ids are asked for
}

type answer struct {
	Tensors []read `json:"tensors"`
	Value   any    `json:"value"`
	Refused string `json:"refused,omitempty"`
}

// read is one tensor. Hash is the SHA-256 of its elements in row-major order, "" if
// there are too many to read.
type read struct {
	Name  string  `json:"name"`
	DType string  `json:"dtype"`
	Shape []int64 `json:"shape"`
	Hash  string  `json:"hash"`
}

// maxBytes is the largest tensor that is read: a mutated shape may claim any number.
const maxBytes = 1 << 20

var readers = map[string]func(q question) (answer, error){
	"torch": readTorch, "safetensors": readModel, "dcp": readDistributed,
	"yaml": readConfig, "tokenizer": readTokenizer, "json": readJSON,
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil || readers[q.Kind] == nil {
			fmt.Fprintf(os.Stderr, "not a question: %s\n", in.Bytes())
			os.Exit(2)
		}
		a, err := readers[q.Kind](q)
		if err != nil {
			a = answer{Refused: err.Error()}
		}
		if err := encoder.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		out.Flush()
	}
}

// readTorch reads a file that torch.save wrote.
func readTorch(q question) (answer, error) {
	f, info, err := regular.Open(q.Path)
	if err != nil {
		return answer{}, err
	}
	defer f.Close()
	file := tensor.NewFile(q.Path, filepath.Base(q.Path), info)
	tensors, err := torchfile.Open(f, file)
	if err != nil {
		return answer{}, err
	}
	return readTensors(tensors)
}

// readModel reads the weights of a model's folder.
func readModel(q question) (answer, error) {
	model, err := hf.Open(q.Path)
	if err != nil {
		return answer{}, err
	}
	return readTensors(model.Tensors)
}

// readDistributed reads a distributed checkpoint. The bytes that are not a tensor's are
// named only.
func readDistributed(q question) (answer, error) {
	o := sharded.Opener{Context: context.Background(), Dir: q.Path}
	full, _, err := o.Distributed(q.Path)
	if err != nil {
		return answer{}, err
	}
	var tensors []tensor.Tensor
	for _, t := range full {
		tensors = append(tensors, t.Tensor)
	}
	return readTensors(tensors)
}

// readTensors hashes the elements of tensors.
func readTensors(tensors []tensor.Tensor) (answer, error) {
	a := answer{Tensors: []read{}}
	files, err := tensor.OpenFiles(tensors)
	if err != nil {
		return a, err
	}
	defer files.Close()
	gatherer := tensor.NewGatherer(files)
	for i := range tensors {
		t := &tensors[i]
		r := read{Name: t.Name, DType: t.DType.String(), Shape: append([]int64{}, t.Shape...)}
		content := tensor.Content{DType: t.DType, Parts: []*tensor.Tensor{t}}
		if n := content.Bytes(); n <= maxBytes {
			data := make([]byte, n)
			if err := gatherer.Read(data, &content, 0); err != nil {
				return a, err
			}
			sum := sha256.Sum256(data)
			r.Hash = hex.EncodeToString(sum[:])
		}
		a.Tensors = append(a.Tensors, r)
	}
	return a, files.CheckRecords(context.Background())
}

// readConfig reads the config.yaml in a folder, whole.
func readConfig(q question) (answer, error) {
	text, err := regular.Read(filepath.Join(q.Path, olmo.ConfigFile), omegaconf.MaxSize)
	if err != nil {
		return answer{}, err
	}
	document, err := omegaconf.Read(text)
	if err != nil {
		return answer{}, err
	}
	return answer{Value: typed(document.Value)}, nil
}

// readTokenizer reads the tokenizer.json in a folder.
func readTokenizer(q question) (answer, error) {
	tokenizer, err := hf.OpenTokenizer(filepath.Join(q.Path, olmo.TokenizerFile), q.Tokens...)
	if err != nil {
		return answer{}, err
	}
	ids := map[string]any{}
	for _, token := range q.Tokens {
		if id, ok := tokenizer.TokenID(token); ok {
			ids[token] = id
		}
	}
	return answer{Value: typed(map[string]any{
		"size": tokenizer.VocabSize, "largest": tokenizer.LargestID(), "ids": ids,
	})}, nil
}

// readJSON reads the config.json in a folder.
func readJSON(q question) (answer, error) {
	model, err := hf.Open(q.Path)
	if err != nil {
		return answer{}, err
	}
	return answer{Value: typed(model.Config)}, nil
}
