package check_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/check"
)

// An archived entry is what rewritten archives are made of.
type archived struct {
	name string
	data []byte
}

// rezip writes the archive of torch.save again, with other entries or another method.
func rezip(file string, method uint16, change func([]archived) []archived) damage {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, file)
		z, err := zip.OpenReader(path)
		must(t, err)
		defer z.Close()
		var list []archived
		for _, f := range z.File {
			r, err := f.Open()
			must(t, err)
			data, err := io.ReadAll(r)
			must(t, err)
			list = append(list, archived{f.Name, data})
		}
		if change != nil {
			list = change(list)
		}
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, e := range list {
			to, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: method})
			must(t, err)
			_, err = to.Write(e.data)
			must(t, err)
		}
		must(t, w.Close())
		must(t, os.WriteFile(path, b.Bytes(), 0o644))
	}
}

func replaced(suffix, data string) func([]archived) []archived {
	return func(list []archived) []archived {
		for i := range list {
			if strings.HasSuffix(list[i].name, suffix) {
				list[i].data = []byte(data)
			}
		}
		return list
	}
}

func withoutEntry(suffix string) func([]archived) []archived {
	return func(list []archived) []archived {
		var kept []archived
		for _, e := range list {
			if !strings.HasSuffix(e.name, suffix) {
				kept = append(kept, e)
			}
		}
		return kept
	}
}

// withEntry adds an entry; TOP is the folder that all others are in.
func withEntry(name string) func([]archived) []archived {
	return func(list []archived) []archived {
		top, _, _ := strings.Cut(list[0].name, "/")
		return append(list, archived{strings.Replace(name, "TOP", top, 1), []byte("x")})
	}
}

func appended(file, text string) damage {
	return func(t *testing.T, dir string) {
		data, err := os.ReadFile(filepath.Join(dir, file))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, file), append(data, text...), 0o644))
	}
}

// A train.pt that starts from scratch, but for what comes before its last two opcodes.
const emptyLists = "X\x0b\x00\x00\x00checkpoints]" +
	"X\x15\x00\x00\x00unsharded_checkpoints]X\x0b\x00\x00\x00global_stepK\x00"

func trainOf(header, more string) damage {
	return rezip("train.pt", zip.Store, replaced("/data.pkl", header+"}("+emptyLists+more+"u."))
}

// loadDamages are files that torch reads in another way than Open does, as testdata/interop/test_torch_load.py shows.
var loadDamages = []damageCase{
	{"a plain state", "", "", trainOf("\x80\x02", ""), "", check.Note, ""},
	{"protocol 4", "", "", trainOf("\x80\x04\x95\x50\x00\x00\x00\x00\x00\x00\x00", "\x8c\x01xK\x01"),
		"weights-only", check.Warning, "Unsupported operand 149"},
	{"protocol 4 loads with main", "", "", trainOf("\x80\x04\x95\x50\x00\x00\x00\x00\x00\x00\x00", ""), "",
		check.Note, ""},
	{"a large int", "", "", trainOf("\x80\x02", "X\x01\x00\x00\x00x\x8b\x00\x01\x00\x00"+strings.Repeat("\x01",
		256)), "weights-only", check.Warning, "Unsupported operand 139"},
	{"defaultdict", "", "", trainOf("\x80\x02", "X\x01\x00\x00\x00xccollections\ndefaultdict\n)R"),
		"weights-only", check.Warning, "collections.defaultdict"},
	{"Namespace", "", "", trainOf("\x80\x02", "X\x01\x00\x00\x00xcargparse\nNamespace\n)\x81"), "weights-only",
		check.Warning, "argparse.Namespace"},
	{"a class of one's own", "", "", trainOf("\x80\x02", "X\x01\x00\x00\x00xcmine\nThing\n)\x81"),
		"not-installed", check.Error, "mine.Thing"},
	{"a class of a script", "", "", trainOf("\x80\x02", "X\x01\x00\x00\x00xc__main__\nThing\n)\x81"),
		"not-installed", check.Error, "__main__.Thing"},
	{"a plain pickle", "", "", write("train.pt", "\x80\x02}."), "unreadable", check.Error, "Invalid magic number"},
	{"compressed", "", "", rezip("model.pt", zip.Deflate, nil), "unusual", check.Warning, "compressed"},
	{"compressed loads", "", "", rezip("model.pt", zip.Deflate, nil), "", check.Note, ""},
	{"zeros behind the end", "", "", appended("model.pt", strings.Repeat("\x00", 100)), "unusual", check.Warning,
		"100 bytes follow"},
	{"zeros behind the end load", "", "", appended("model.pt", strings.Repeat("\x00", 100)), "", check.Note, ""},
	{"no version", "", "", rezip("model.pt", zip.Store, withoutEntry("/version")), "unreadable", check.Error,
		`hasRecord("version")`},
	{"an unknown version", "", "", rezip("model.pt", zip.Store, replaced("/version", "11\n")), "unreadable",
		check.Error, "version 11"},
	{"an entry beside the folder", "", "", rezip("model.pt", zip.Store, withEntry("notes.txt")), "unreadable",
		check.Error, "not in a subdirectory"},
	{"an entry in the folder", "", "", rezip("model.pt", zip.Store, withEntry("TOP/notes.txt")), "", check.Note, ""},
	{"another byte order", "", "", rezip("model.pt", zip.Store, replaced("/byteorder", "big")), "unusual",
		check.Warning, "big-endian"},
	{"no byte order", "", "", rezip("model.pt", zip.Store, replaced("/byteorder", "middle")), "unreadable", check.Error,
		"endianness"},
	{"a record missing", "", "", rezip("model.pt", zip.Store, withoutEntry("/data/0")), "unreadable", check.Error,
		"file not found"},
	{"a record short", "", "", rezip("model.pt", zip.Store, replaced("/data/0", "abcd")), "unreadable", check.Error,
		"record size (4 bytes)"},
	{"the weights inside", "", "", nest("model"), "nested", check.Error, "Missing key(s)"},
	{"the weights inside: how to", "", "", nest("model"), "nested", check.Error, "['model'], 'model.pt'"},
}

// nest puts the dict of model.pt into another one.
func nest(key string) damage {
	return rezip("model.pt", zip.Store, func(list []archived) []archived {
		for i := range list {
			if body, ok := bytes.CutPrefix(list[i].data, []byte("\x80\x02")); ok &&
				strings.HasSuffix(list[i].name, "/data.pkl") {
				head := append([]byte("\x80\x02}X"), byte(len(key)), 0, 0, 0)
				list[i].data = append(append(append(head, key...), bytes.TrimSuffix(body, []byte("."))...), "s."...)
			}
		}
		return list
	})
}

func TestLoad(t *testing.T) {
	for _, c := range loadDamages {
		t.Run(c.name, func(t *testing.T) {
			dir := fresh(t, "unsharded", "")
			c.damage(t, dir)
			expect(t, run(t, dir), c.code, c.severity, c.words)
		})
	}
}

// TestBomb checks that an entry is not inflated without end.
func TestBomb(t *testing.T) {
	dir := fresh(t, "unsharded", "")
	rezip("train.pt", zip.Deflate, replaced("/data.pkl", strings.Repeat("N", 30<<20)))(t, dir)
	expect(t, run(t, dir), "unsure", check.Error, "has more than")
}
