package convert_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/converttest"
	"hf2olmo/convert/dcp"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
)

// goldenCore is what a checkpoint for OLMo-core must hold, as testdata/make_olmo_core.py
// found it with the real OLMo-core.
type goldenCore struct {
	Config  map[string]any `json:"config"`
	Tensors map[string]struct {
		DType  string  `json:"dtype"`
		Shape  []int64 `json:"shape"`
		SHA256 string  `json:"sha256"`
	} `json:"tensors"`
}

// TestGoldenCore converts every model that has a golden list for OLMo-core, and
// compares every tensor, bit for bit and by both indexes, and the whole config.
func TestGoldenCore(t *testing.T) {
	lists, err := filepath.Glob(filepath.Join(testdata, "golden-olmo-core", "*.json"))
	if err != nil || len(lists) < 19 {
		t.Fatalf("golden lists: %v, %v", lists, err)
	}
	for _, list := range lists {
		name := filepath.Base(list[:len(list)-len(".json")])
		t.Run(name, func(t *testing.T) {
			var want goldenCore
			readJSON(t, list, &want)
			source := filepath.Join(testdata, "models-olmo-core", name)
			if _, err := os.Stat(source); err != nil {
				source = filepath.Join(testdata, "models", name)
			}
			result, err := converttest.Convert(context.Background(), source,
				convert.Options{Target: "olmo-core", Output: filepath.Join(t.TempDir(), "step0"), Folder: output.Options{Jobs: 3}})
			if err != nil {
				t.Fatal(err)
			}
			compareCheckpoint(t, result.Output, want)
			compareCheckpoint(t, filepath.Join(result.Output, "model_and_optim"), want)
			var config map[string]any
			readJSON(t, filepath.Join(result.Output, "config.json"), &config)
			tokenizer := config["dataset"].(map[string]any)["tokenizer"].(map[string]any)
			if tokenizer["identifier"] == nil {
				t.Error("config.json names no tokenizer")
			}
			delete(tokenizer, "identifier")
			if !reflect.DeepEqual(config, want.Config) {
				t.Errorf("config.json is\n%v\nwant\n%v", config, want.Config)
			}
		})
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func compareCheckpoint(t *testing.T, dir string, want goldenCore) {
	t.Helper()
	checkpoint, err := dcp.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(checkpoint.Tensors) != len(want.Tensors) || len(want.Tensors) == 0 {
		t.Errorf("%d tensors, want %d", len(checkpoint.Tensors), len(want.Tensors))
	}
	for i, got := range checkpoint.Tensors {
		w := want.Tensors[got.Name]
		if got.DType.String() != w.DType || !slices.Equal(got.Shape, w.Shape) {
			t.Errorf("%s: %s %v, want %s %v", got.Name, got.DType, got.Shape, w.DType, w.Shape)
		}
		sum := sha256.Sum256(readParts(t, checkpoint.Parts[i]))
		if hex.EncodeToString(sum[:]) != w.SHA256 {
			t.Errorf("%s: other bytes", got.Name)
		}
	}
}

// readParts returns the bytes of chunks that follow each other.
func readParts(t *testing.T, parts []tensor.Tensor) []byte {
	t.Helper()
	var data []byte
	for _, part := range parts {
		file, err := os.ReadFile(part.File.Path)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, file[part.Offset:part.Offset+part.Bytes()]...)
	}
	return data
}

// TestCoreDoesNotDependOnJobs compares all files of two conversions of one model.
func TestCoreDoesNotDependOnJobs(t *testing.T) {
	source := filepath.Join(testdata, "models-olmo-core", "olmoe")
	folders := map[int]string{}
	for _, jobs := range []int{1, 7} {
		folders[jobs] = filepath.Join(t.TempDir(), "out")
		if _, err := converttest.Convert(context.Background(), source, convert.Options{Target: "olmo-core",
			Output: folders[jobs], Folder: output.Options{Jobs: jobs}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".metadata", "config.json", "model_and_optim/.metadata",
		"model_and_optim/__0_0.distcp"} {
		one, err1 := os.ReadFile(filepath.Join(folders[1], name))
		seven, err7 := os.ReadFile(filepath.Join(folders[7], name))
		one = bytes.ReplaceAll(one, []byte(folders[1]), []byte(folders[7])) // which the config names
		if err1 != nil || err7 != nil || !bytes.Equal(one, seven) {
			t.Error(fmt.Sprint(name, " differs: ", err1, err7))
		}
	}
}
