package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func arguments(ts *testscript.TestScript, neg bool, args []string, least, most int) {
	if neg || len(args) < least || len(args) > most {
		ts.Fatalf("wrong use: %v", args)
	}
}

func copyDir(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, 2)
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
	ts.Check(filepath.Walk(ts.MkAbs(args[1]), func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			err = os.Chmod(path, 0o644)
		}
		return err
	}))
}

func setJSON(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 3)
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	var object map[string]json.RawMessage
	ts.Check(json.Unmarshal(text, &object))
	if object[args[1]] = json.RawMessage(args[2]); args[2] == "-" {
		delete(object, args[1])
	}
	text, err = json.Marshal(object)
	ts.Check(err)
	ts.Check(os.WriteFile(path, text, 0o644))
}

// editTensor edits the header of a safetensors file, or the tensor's data, in place.
func editTensor(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 4)
	path, action, name := ts.MkAbs(args[0]), args[1], args[2]
	header, data := readSafetensors(ts, path)
	entry := header[name]
	if entry == nil {
		ts.Fatalf("%s has no tensor %s", args[0], name)
	}
	begin := int(entry["data_offsets"].([]any)[0].(float64))
	switch action {
	case "rename":
		header[args[3]] = entry
		delete(header, name)
	case "shape":
		entry["shape"] = json.RawMessage(args[3])
	case "dtype":
		entry["dtype"] = args[3]
	case "nan": // of float32
		binary.LittleEndian.PutUint32(data[begin+8:], 0x7fc00000)
	case "bit":
		data[begin] ^= 1
	default:
		ts.Fatalf("no action is called %s", action)
	}
	writeSafetensors(ts, path, header, data)
}

// prefix FILE OLD NEW replaces the prefix OLD of the names of tensors by NEW.
func prefix(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, 3)
	path := ts.MkAbs(args[0])
	header, data := readSafetensors(ts, path)
	renamed := map[string]map[string]any{}
	for name, entry := range header {
		if rest, ok := strings.CutPrefix(name, args[1]); ok && name != "__metadata__" {
			name = args[2] + rest
		}
		renamed[name] = entry
	}
	writeSafetensors(ts, path, renamed, data)
}

func readSafetensors(ts *testscript.TestScript, path string) (header map[string]map[string]any, data []byte) {
	file, err := os.ReadFile(path)
	ts.Check(err)
	size := binary.LittleEndian.Uint64(file)
	ts.Check(json.Unmarshal(file[8:8+size], &header))
	return header, file[8+size:]
}

func writeSafetensors(ts *testscript.TestScript, path string, header map[string]map[string]any, data []byte) {
	text, err := json.Marshal(header)
	ts.Check(err)
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	ts.Check(os.WriteFile(path, append(append(out, text...), data...), 0o644))
}

func cut(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, 2)
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

func empty(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, 1)
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		ts.Fatalf("%s holds %s", args[0], e.Name())
	}
}
