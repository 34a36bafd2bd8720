package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"hf2olmo/convert/inspect"
	"hf2olmo/convert/match"
	"hf2olmo/convert/trainer"
	"hf2olmo/convert/verify"
	"hf2olmo/keymap"
)

// The records of --json: one object per model, folder or table, each on one line. Scripts depend on their fields and
// the order of these. A field that does not apply is there all the same, empty.

// convertRecord is what convert reports of a model.
type convertRecord struct {
	Source       string  `json:"source"`
	Output       string  `json:"output"`
	ModelType    string  `json:"model_type"`
	DType        string  `json:"dtype"`
	Parameters   int64   `json:"parameters"`
	Tensors      int     `json:"tensors"`
	Bytes        int64   `json:"bytes"`
	Seconds      float64 `json:"seconds"`
	Status       string  `json:"status"` // converted, unchanged, planned, failed
	Error        string  `json:"error"`
	TrainCommand string  `json:"train_command"`
	SharedBytes  int64   `json:"shared_bytes"` // of these, on the disk once, for the source too; of a plan, at most
	// LeftOut is what of the source the trainer has no use for.
	LeftOut []leftOutRecord `json:"left_out"`
}

// leftOutRecord is a part of a model whose tensors' names begin alike.
type leftOutRecord struct {
	Of      string `json:"of"`
	Tensors int    `json:"tensors"`
	Bytes   int64  `json:"bytes"`
}

func newLeftOut(parts []match.LeftOut) (records []leftOutRecord) {
	for _, p := range parts {
		records = append(records, leftOutRecord{strings.TrimSuffix(p.Of, "."), p.Tensors, p.Bytes})
	}
	return records
}

// verifyRecord is what verify reports of a folder.
type verifyRecord struct {
	Source            string                    `json:"source"`
	Output            string                    `json:"output"`
	Status            string                    `json:"status"` // same, differs, trained, failed
	Tensors           int                       `json:"tensors"`
	Differing         int                       `json:"differing"`
	Differences       []verify.TensorDifference `json:"differences"`
	ConfigDifferences []trainer.Difference      `json:"config_differences"`
	Step              int64                     `json:"step"` // of the training, if it is known
	Error             string                    `json:"error"`
	Seconds           float64                   `json:"seconds"`
	Bytes             int64                     `json:"bytes"`
	Warnings          []string                  `json:"warnings"`
	// Cast is the dtype of the source's tensors if they were compared as cast to the output's.
	Cast string `json:"cast,omitempty"`
}

// inspectRecord is what inspect reports of a path.
type inspectRecord struct {
	Path       string          `json:"path"`
	Kind       string          `json:"kind"`   // model, checkpoint, file
	Status     string          `json:"status"` // listed, failed
	Config     settings        `json:"config"`
	Parameters int64           `json:"parameters"`
	Bytes      int64           `json:"bytes"` // of all tensors
	DTypes     []inspect.Total `json:"dtypes"`
	Parts      []inspect.Total `json:"parts"`
	Tensors    []tensorRecord  `json:"tensors"`
	Warnings   []string        `json:"warnings"`
	Error      string          `json:"error"`
	Seconds    float64         `json:"seconds"`
}

// tensorRecord is a tensor of an inspectRecord. Stats is null without --stats, and for elements that are not numbers.
type tensorRecord struct {
	Name       string          `json:"name"`
	Part       string          `json:"part"`
	DType      string          `json:"dtype"`
	Shape      []int64         `json:"shape"`
	Parameters int64           `json:"parameters"`
	Bytes      int64           `json:"bytes"`
	File       string          `json:"file"`
	Stats      *inspect.Values `json:"stats"`
}

func newInspectRecord(path string, r *inspect.Report, err error, took time.Duration) inspectRecord {
	rec := inspectRecord{Path: path, Status: "listed", Config: keymap.Summary(nil), Seconds: took.Seconds(),
		DTypes: []inspect.Total{}, Parts: []inspect.Total{}, Tensors: []tensorRecord{}, Warnings: []string{}}
	if err != nil {
		rec.Status, rec.Error = "failed", faultsOf(err).Error()
		return rec
	}
	sum := r.Sum()
	rec.Kind, rec.Config, rec.Parameters, rec.Bytes = r.Kind, r.Config, sum.Parameters, sum.Bytes
	rec.DTypes, rec.Parts = r.ByDType(), r.ByPart()
	rec.Warnings = append(rec.Warnings, r.Warnings...)
	for _, t := range r.Tensors {
		shape := append([]int64{}, t.Shape...) // [] for a scalar, not null
		rec.Tensors = append(rec.Tensors,
			tensorRecord{t.Name, t.Part, t.DType, shape, t.Parameters, t.Bytes, t.File, t.Values})
	}
	return rec
}

// settings is an object with its members in the order of the list.
type settings []keymap.Setting

// MarshalJSON writes the object.
func (s settings) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, setting := range s {
		name, err := json.Marshal(setting.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(setting.Value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, name...), ':'), value...)
	}
	return append(text, '}'), nil
}

// tableRecord is what keymap reports of a table. Text is empty if the tables are only listed.
type tableRecord struct {
	Name   string `json:"name"`
	Target string `json:"target"`
	Text   string `json:"text"`
}

// modelRecord is what list reports of a model in the cache.
type modelRecord struct {
	ID        string   `json:"id"`
	Folder    string   `json:"folder"`
	ModelType string   `json:"model_type"`
	Bytes     int64    `json:"bytes"`
	Targets   []string `json:"targets"` // that convert takes it for
}

// relocateRecord is what relocate reports of a folder.
type relocateRecord struct {
	Folder string   `json:"folder"`
	From   string   `json:"from"`
	Status string   `json:"status"` // relocated, unchanged, failed
	Files  []string `json:"files"`
	Error  string   `json:"error"`
}

// versionRecord is what version reports.
type versionRecord struct {
	Version  string   `json:"version"`
	Go       string   `json:"go"`
	OS       string   `json:"os"`
	Arch     string   `json:"arch"`
	OLMoCore []string `json:"olmo_core"` // the first and the last version whose checkpoints are written
	Layout   int      `json:"layout"`    // of the files with tensors, as in hf2olmo.json
}

// writeJSON writes one record on a line of its own.
func writeJSON(w io.Writer, record any) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	if err := json.NewEncoder(escapeJSON{out}).Encode(record); err != nil { // NaN, which no record contains
		panic(err)
	}
}

// escapeJSON writes a line of JSON, and escapes what encoding/json does not but a terminal might act on; the values
// stay the same. Write gets the whole line at once. It returns no error: results remembers that.
type escapeJSON struct{ out *bufio.Writer }

func (e escapeJSON) Write(text []byte) (int, error) {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		at += size
		switch {
		case r == '\n' || unicode.IsPrint(r): // the end of the line: in strings it is already escaped
			e.out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(e.out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(e.out, `\u%04x`, r)
		}
	}
	return len(text), nil
}
