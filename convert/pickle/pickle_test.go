package pickle_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

func outline(data string) (any, error) {
	return pickle.Outline(pickle.NewSource(strings.NewReader(data), 0, int64(len(data))), nil)
}

// TestMarshal: what is written is read back as it was, ints around the end of each form too.
func TestMarshal(t *testing.T) {
	ints := []any{}
	for shift := range 63 {
		n := int64(1) << shift
		ints = append(ints, n-1, n, n+1, -n-1, -n, -n+1)
	}
	ints = append(ints, int64(math.MaxInt64), int64(math.MinInt64))
	want := pickle.Entries{
		{Key: "ints", Value: ints},
		{Key: int64(7), Value: pickle.Tuple{true, false, nil, "grüße", 0.5, math.Inf(-1)}},
		{Key: pickle.Tuple{"a"}, Value: pickle.Entries(nil)},
		{Key: "two", Value: pickle.Tuple{int64(1), int64(2)}},
		{Key: "three", Value: pickle.Tuple{int64(1), int64(2), []any{}}},
		{Key: "none", Value: pickle.Tuple{}},
	}
	data, err := pickle.Marshal(want, nil)
	if err != nil {
		t.Fatal(err)
	}
	read, err := outline(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if have, err := pickle.Value(read); err != nil || !reflect.DeepEqual(have, want) {
		t.Errorf("%v, have %v", err, have)
	}
}

func TestMarshalRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"a key twice":      {pickle.Dict{{Key: "a"}, {Key: "a"}}, "appears twice"},
		"an int of Go":     {3, "a int cannot be written"},
		"text":             {"\xff", "not valid UTF-8"},
		"a bare name":      {pickle.Name("print"), "is not a name in a module"},
		"a name of lines":  {pickle.Name("a.b\nc"), "is not a name in a module"},
		"deep in the dict": {pickle.Dict{{Key: "a", Value: []any{uint8(1)}}}, `"a": a uint8 cannot be written`},
	} {
		if _, err := pickle.Marshal(c.value, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func le32(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
func le64(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }

// TestOutlineRefuses: any class is inert, but no bound is given up.
func TestOutlineRefuses(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"a text of 4 EiB": {"\x80\x04\x8d" + le64(1<<62),
			"cut short: expected BINUNICODE8 of 4611686018427387904 bytes, found 0 bytes"},
		"bytes of 4 GiB":      {"\x80\x04B" + le32(1<<32-1) + "x", "expected BINBYTES of 4294967295 bytes, found 1 byte"},
		"a long of 1 GiB":     {"\x80\x02\x8b" + le32(1<<30), "expected LONG4 of 1073741824 bytes"},
		"no STOP":             {"\x80\x02}", "cut short"},
		"nothing on a stack":  {"\x80\x02.", "STOP with too little on the stack"},
		"across a mark":       {"\x80\x02}(K\x01s.", "SETITEM with too little"},
		"a put across a mark": {"\x80\x02}(q\x00.", "BINPUT with too little"},
		"a key alone":         {"\x80\x02}(K\x01u.", "a key that has no value"},
		"no mark":             {"\x80\x02}u.", "SETITEMS without MARK"},
		"never put":           {"\x80\x02h\x05.", "BINGET of entry 5, which was never put"},
		"deep":                {"\x80\x02" + strings.Repeat("(", 1000), "nested deeper"},
		"a high stack":        {"\x80\x02" + strings.Repeat("N", 300_000), "more objects"},
		"many objects":        {"\x80\x02" + strings.Repeat("]0", 1_100_000), "more objects"},
		"a name without end":  {"c" + strings.Repeat("x", 1000), "without an end of line"},
		"an extension":        {"\x80\x02\x82\x01.", "opcode EXT1"},
		"no opcode":           {"\x80\x02\xff.", "0xff, which is not an opcode"},
	} {
		start := time.Now()
		_, err := outline(c.data)
		if _, ok := err.(*fault.Fault); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// TestOutlineIsInert: calls of anything, with anything, are described.
func TestOutlineIsInert(t *testing.T) {
	for name, c := range map[string]struct{ data, class string }{
		"os.system":         {"\x80\x02cos\nsystem\nX" + le32(2) + "ls\x85R.", "os.system"},
		"a list of itself":  {"\x80\x02]q\x00h\x00a)R.", "?"},
		"gopickle's own":    {"\x80\x02carray\n_array_reconstructor\n)R.", "array._array_reconstructor"},
		"STACK_GLOBAL":      {"\x80\x04\x8c\x05posix\x8c\x06system\x93)R.", "posix.system"},
		"NEWOBJ_EX":         {"\x80\x04cm\nC\n)}\x92.", "m.C"},
		"state of anything": {"\x80\x02cm\nC\n)\x81]b.", "m.C"},
		"an int of 9 bytes": {"\x80\x02\x8a\x09" + le64(1) + "\x01.", "int"},
	} {
		value, err := outline(c.data)
		if o, ok := value.(*pickle.Object); err != nil || !ok || o.Class != c.class {
			t.Errorf("%s: %#v, %v", name, value, err)
		}
	}
}

// TestSource reads two pickles after each other, and what follows them.
func TestSource(t *testing.T) {
	src := pickle.NewSource(strings.NewReader("xx\x80\x02K\x01.\x80\x02]K\x02a.rest!"), 2, 16)
	first, err1 := pickle.Outline(src, nil)
	at := src.Offset()
	second, err2 := pickle.Outline(src, nil)
	rest, err3 := src.Rest("the rest")
	list, _ := second.(*pickle.List)
	if err1 != nil || err2 != nil || err3 != nil || first != int64(1) || at != 7 || list == nil || len(list.Items) != 1 ||
		string(rest) != "rest" {
		t.Errorf("%v %v %v %d %v %q", first, err1, second, at, err2, rest)
	}
	short := pickle.NewSource(strings.NewReader("\x80\x02"), 0, 100)
	if _, err := pickle.Outline(short, nil); err == nil || !strings.Contains(err.Error(), "became shorter") {
		t.Errorf("a file that is shorter than it was: %v", err)
	}
}

// keeper is a folder that keeps everything.
type keeper struct{}

func (keeper) Named(string) error                      { return nil }
func (keeper) Called(o *pickle.Object) (any, error)    { return o, nil }
func (keeper) Built(*pickle.Object) error              { return nil }
func (keeper) Added(_ any, items []any) ([]any, error) { return items, nil }

// TestFold: a folder that keeps everything gives the outline, whatever is fetched from the memo.
func TestFold(t *testing.T) {
	for _, data := range []string{
		"\x80\x02}q\x00(X" + le32(1) + "aq\x01h\x00X" + le32(1) + "bh\x01u.",
		"\x80\x04\x8c\x01m\x94\x8c\x01C\x94\x93\x94)\x81\x94}\x94h\x00K\x01sbh\x03\x86.",
		"\x80\x02]q\x00(K\x01h\x00e.",
	} {
		want, err := outline(data)
		if err != nil {
			t.Fatal(err)
		}
		have, err := pickle.Fold(strings.NewReader(data), int64(len(data)), keeper{})
		if err != nil || !reflect.DeepEqual(have, want) {
			t.Errorf("%q: %v, %v", data, have, err)
		}
	}
}

// FuzzOutline: whatever an allowlist passes, or is folded, which have the stricter rules, can be outlined.
func FuzzOutline(f *testing.F) {
	for _, s := range []string{"\x80\x02}.", "\x80\x04\x95" + le64(2) + "}.", "\x80\x02cm\nC\n)\x81}b.",
		"(I01\nL7L\ntQ."} {
		f.Add([]byte(s))
	}
	words := pickle.Vocabulary{MaxBuilds: 100, MaxCalls: 100, Names: map[string]any{"m.C": nil},
		Foreign: func(names []string) *fault.Fault { return &fault.Fault{Problem: pickle.ForeignNames(names)} }}
	f.Fuzz(func(t *testing.T, data []byte) {
		src := func() *pickle.Source { return pickle.NewSource(bytes.NewReader(data), 0, int64(len(data))) }
		passed, scanned := words.Scan(src())
		_, outlined := pickle.Outline(src(), nil)
		if scanned == nil && outlined != nil {
			t.Errorf("passed, but not outlined: %v", outlined)
		}
		if _, err := pickle.Fold(bytes.NewReader(data), int64(len(data)), keeper{}); err == nil && outlined != nil {
			t.Errorf("folded, but not outlined: %v", outlined)
		}
		if scanned == nil && !bytes.HasPrefix(data, passed) {
			t.Error("passed other bytes than were read")
		}
	})
}

// TestLongInts: an int is read as it is or, on a machine of 32 bits, refused; never cut.
func TestLongInts(t *testing.T) {
	for _, want := range []int64{1 << 31, -1 << 40, math.MaxInt64, 7} {
		data, err := pickle.Marshal(want, nil)
		if err != nil {
			t.Fatal(err)
		}
		words := pickle.Vocabulary{}
		passed, err := words.Scan(pickle.NewSource(bytes.NewReader(data), 0, int64(len(data))))
		var value any
		if err == nil {
			value, err = words.Unpickle(passed, nil)
		}
		if have, ok := pickle.Int(value); err == nil && (!ok || have != want) {
			t.Errorf("%v, want %d", value, want)
		}
		if err != nil && (strconv.IntSize == 64 || want == 7) {
			t.Error(err)
		}
	}
}
