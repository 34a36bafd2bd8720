package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"hf2olmo/convert/fault"
)

func text(lines []fault.Line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s|%s\n", l.Text, l.Hint)
	}
	return b.String()
}

// TestLines: faults that explain others come first, every kind is there, with five of each.
func TestLines(t *testing.T) {
	var l fault.List
	for i := range 7 {
		l = append(l, &fault.Fault{File: "f", Tensor: fmt.Sprint("t", i), Problem: "is missing"})
		if i%3 == 0 {
			l = append(l, &fault.Fault{File: fmt.Sprint("f", i), Tensor: "x", Problem: fmt.Sprintf("has %d bytes", i),
				Hint: "Look."})
		}
	}
	l = append(l, &fault.Fault{Problem: "was not trained", Hint: "Train it.", Lead: true})
	const want = `was not trained|Train it.
f: t0: is missing|
f: t1: is missing|
f: t2: is missing|
f: t3: is missing|
f: t4: is missing|
and 2 more; --json lists all|
f0: x: has 0 bytes|Look.
f3: x: has 3 bytes|Look.
f6: x: has 6 bytes|Look.
`
	if got := text(l.Lines()); got != want {
		t.Errorf("%s", got)
	}
	const first = "was not trained\nf: t0: is missing\nf0: x: has 0 bytes\n"
	if got := l.Error(); !strings.HasPrefix(got, first) || strings.Count(got, "\n") != 10 {
		t.Errorf("Error: %s", got)
	}
	if l[0].Problem != "is missing" {
		t.Error("the list itself was reordered")
	}
}

// TestAdd: whatever an error contains becomes faults, in order.
func TestAdd(t *testing.T) {
	one := &fault.Fault{File: "f", Problem: "is missing"}
	many := fault.List{{File: "g", Problem: "is empty"}, {File: "h", Problem: "is empty"}}
	var l fault.List
	l.Add("x", nil)
	l.Add("x", errors.Join(fmt.Errorf("wrapped: %w", one), many))
	l.Add("x", errors.New("is odd"))
	const want = "f: is missing\ng: is empty\nh: is empty\nx: is odd"
	if l.Err().Error() != want {
		t.Errorf("%s", l.Err())
	}
	if fault.List(nil).Err() != nil {
		t.Error("an empty list is an error")
	}
}

// TestOutput: an error of the disk has a hint if the user can do something about it.
func TestOutput(t *testing.T) {
	for err, hint := range map[error]string{
		syscall.ENOSPC: "Free some space", syscall.EMFILE: "ulimit -n", syscall.EFBIG: "ulimit -f",
		fs.ErrPermission: "that you can write to", syscall.EROFS: "that you can write to",
		syscall.EIO: "see the system log", syscall.ELOOP: "",
	} {
		f := fault.Output("out", "cannot be written", &os.PathError{Op: "write", Path: "/x", Err: err})
		if f.Error() != "out: cannot be written: "+err.Error() {
			t.Errorf("%v: %s", err, f)
		}
		if !strings.Contains(f.Hint, hint) || (hint == "") != (f.Hint == "") {
			t.Errorf("%v: %s", err, f.Hint)
		}
	}
}

// TestPrintable: what a terminal might act on is escaped.
func TestPrintable(t *testing.T) {
	for s, want := range map[string]string{
		"plain é 字": "plain é 字", "a\x1b[31m": `a\x1b[31m`,
		"two\nlines\t": `two\nlines\t`, "\xff": `\xff`, "\u202e": `\u202e`,
	} {
		if got := fault.Printable(s); got != want || fault.OneLine(s) != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	if got := fault.Escape("two\nlines\t\x07"); got != "two\nlines\t\\a" {
		t.Errorf("%q", got)
	}
	if got := fault.Printable(strings.Repeat("é", 1000)); got != strings.Repeat("é", 300)+"…" {
		t.Errorf("%d bytes", len(got))
	}
}

func ExampleList() {
	var faults fault.List
	for layer := range 7 {
		faults = append(faults, &fault.Fault{
			File: "model.safetensors", Tensor: fmt.Sprintf("layers.%d.bias", layer), Problem: "is not used by the table",
			Hint: "Remove it.",
		})
	}
	faults.Add("config.json", &fault.Fault{
		File: "config.json", Problem: "num_layers is wrong", Expected: "6", Found: "7", Lead: true,
	})
	for _, line := range faults.Lines() {
		fmt.Println(line.Text)
	}
	// Output:
	// config.json: num_layers is wrong: expected 6, found 7
	// model.safetensors: layers.0.bias: is not used by the table
	// model.safetensors: layers.1.bias: is not used by the table
	// model.safetensors: layers.2.bias: is not used by the table
	// model.safetensors: layers.3.bias: is not used by the table
	// model.safetensors: layers.4.bias: is not used by the table
	// and 2 more; --json lists all
}
