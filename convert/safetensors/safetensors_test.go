package safetensors_test

import (
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"

	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/tensor"
)

// container writes a safetensors file with this header and so many bytes of data.
func container(header string, data int) string {
	n := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return string(n) + header + strings.Repeat("\x00", data)
}

// parse reads text as the weights file called w.
func parse(text string) ([]tensor.Tensor, error) {
	return safetensors.Open(strings.NewReader(text), &tensor.File{Name: "w", Size: int64(len(text))})
}

const (
	a4 = `"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`
	b4 = `"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}`
)

var headers = []struct {
	name, text, want string
}{
	{"good", container("{"+b4+","+a4+"}  ", 8), ""},
	{"metadata", container(`{"__metadata__":{"format":"pt"},`+a4+"}", 4), ""},
	{"zero sizes overflow nothing",
		container(`{"a":{"dtype":"F32","shape":[9223372036854775807,0,9223372036854775807],"data_offsets":[0,0]}}`, 0), ""},
	{"a name twice", container("{"+a4+","+a4+"}", 4), `w: header: name "a" appears twice`},
	{"a name twice, once escaped", container("{"+a4+","+strings.Replace(a4, `"a"`, `"\u0061"`, 1)+"}", 4),
		`w: header: name "a" appears twice`},
	{"a member twice", container(`{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
		`w: header: name "dtype" appears twice`},
	{"no metadata", container(`{"__metadata__":null,`+a4+"}", 4), ""},
	{"metadata that is a list", container(`{"__metadata__":[],`+a4+"}", 4), `w: header: __metadata__ is not an object`},
	{"metadata of nulls", container(`{"__metadata__":{"format":null},`+a4+"}", 4),
		`w: header: __metadata__.format is not a string`},
	{"metadata of numbers", container(`{"__metadata__":{"format":1},`+a4+"}", 4),
		`w: header: __metadata__.format is not a string`},
	{"overlap", container("{"+a4+","+strings.Replace(b4, "[4,8]", "[2,6]", 1)+"}", 6),
		"w: b: its bytes overlap another tensor's"},
	{"same bytes", container("{"+a4+","+strings.Replace(a4, `"a"`, `"b"`, 1)+"}", 4),
		"w: b: its bytes overlap another tensor's"},
	{"gap", container("{"+a4+","+strings.Replace(b4, "[4,8]", "[6,10]", 1)+"}", 10),
		"w: b: 2 bytes before it belong to no tensor"},
	{"backwards", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4),
		"w: a: data_offsets [4, 0] run backwards\nw: has bytes after its last tensor: expected 62 bytes, found 66"},
	{"wrong size", container(`{"a":{"dtype":"F32","shape":[3,5],"data_offsets":[0,4]}}`, 4),
		"w: a: F32 [3, 5] does not match its data_offsets: expected 60 bytes, found 4"},
	{"past the end", container("{"+a4+","+b4+"}", 7), "w: is truncated: expected 123 bytes, found 122"},
	{"past all ends", container(`{"a":{"dtype":"F4","shape":[],"data_offsets":[0,9223372036854775807]}}`, 4),
		"w: is not a safetensors file: its header refers to more bytes than a file can have"},
	{"huge shape", container(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 4),
		"w: a: shape [4294967296, 4294967296] is too large"},
	{"shape past int64", container(`{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}`, 4),
		`w: header: tensor "a": shape is 9223372036854775808, not a whole number from 0 to 9223372036854775807`},
	{"negative shape", container(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4),
		`w: header: tensor "a": shape is -1, not a whole number from 0 to 9223372036854775807`},
	{"fraction", container(`{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}`, 4),
		`w: header: tensor "a": shape is 1.0, not a whole number from 0 to 9223372036854775807`},
	{"three offsets", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}`, 4),
		`w: header: tensor "a": needs dtype, shape and two data_offsets`},
	{"no shape", container(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4),
		`w: header: tensor "a": needs dtype, shape and two data_offsets`},
	{"unknown member", container(`{"a":{"dtype":"F32","shap":[1],"data_offsets":[0,4]}}`, 4),
		`w: header: tensor "a": unknown member "shap"`},
	{"unknown dtypes",
		container(
			`{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]},"b":{"dtype":"E8","shape":[2],"data_offsets":[1,3]}}`, 3),
		"w: a: dtype \"F4\" cannot be read\nw: b: dtype \"E8\" cannot be read"},
	{"tensor is an array", container(`{"a":[]}`, 0), `w: header: tensor "a" is not an object`},
	{"not JSON", container(`{"a":{"dtype":F32}}`, 0),
		"w: header: not valid JSON: invalid character 'F' at start of value at byte 22"},
	{"ends early", container(`{"a":{"dtype"`, 0), "w: header: not valid JSON: unexpected EOF at byte 21"},
	{"two values", container(`{} {}`, 0), "w: header: something follows the end of the JSON value"},
	{"white space first", container(` {}`, 0),
		"w: is not a safetensors file: no JSON object follows its first eight bytes"},
	{"no header", container(``, 4), "w: is not a safetensors file: a header of 0 bytes is too short"},
	{"huge length", "\xff\xff\xff\xff\xff\xff\xff\xff{}",
		"w: is not a safetensors file: its first eight bytes are not the length of a header"},
	{"length past the end", "\x00\x00\x10\x00\x00\x00\x00\x00{}",
		"w: is truncated: expected at least 1048584 bytes, found 10"},
	{"few bytes", "\x02\x00", "w: is not a safetensors file: expected at least 8 bytes, found 2"},
	{"none", "", "w: is not a safetensors file: expected at least 8 bytes, found 0"},
	{"deep", container(`{"a":`+strings.Repeat("[", 20000), 0),
		`w: header: not valid JSON: exceeded max depth at byte 10012`},
}

func TestHeaders(t *testing.T) {
	for _, h := range headers {
		have := ""
		if _, err := parse(h.text); err != nil {
			have = err.Error()
		}
		if have != h.want {
			t.Errorf("%s:\nhave %s\nwant %s", h.name, have, h.want)
		}
	}
}

// Every part of a file that lacks its first or its last bytes is an error, never a panic.
func TestPartsOfAFile(t *testing.T) {
	text, err := os.ReadFile("../hf/testdata/dtypes/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text)
	for i := 1; i < len(whole); i++ {
		for _, part := range []string{whole[:i], whole[i:]} {
			if _, err := parse(part); err == nil {
				t.Fatalf("no error for %d of %d bytes", len(part), len(whole))
			}
		}
	}
	if _, err := parse(whole); err != nil {
		t.Error(err)
	}
}

// shrinking is a file that is cut after its header was read once.
type shrinking struct {
	io.ReaderAt
	reads int
}

func (r *shrinking) ReadAt(p []byte, at int64) (int, error) {
	if r.reads++; r.reads > 2 { // the length, and the header
		return 0, io.EOF
	}
	return r.ReaderAt.ReadAt(p, at)
}

func TestCutWhileRead(t *testing.T) {
	text := container("{"+a4+"}", 4)
	file := &tensor.File{Name: "w", Size: int64(len(text))}
	_, err := safetensors.Open(&shrinking{ReaderAt: strings.NewReader(text)}, file)
	if want := "w: became shorter while it was read"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestList: tensors of dtypes that Open refuses are listed, by torch's names.
func TestList(t *testing.T) {
	text := container(
		`{"b":{"dtype":"F4","shape":[2],"data_offsets":[8,9]},"a":{"dtype":"F8_E5M2","shape":[8],"data_offsets":[0,8]}}`, 9)
	all, err := safetensors.List(strings.NewReader(text), &tensor.File{Name: "w", Size: int64(len(text))})
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	if a := all[0]; a.Name != "a" || a.DType != "float8_e5m2" || a.Tensor == nil || a.Tensor.DType != tensor.Float8E5M2 {
		t.Errorf("%+v", a)
	}
	if b := all[1]; b.Name != "b" || b.DType != "F4" || b.Tensor != nil || b.Bytes != 1 {
		t.Errorf("%+v", b)
	}
}
