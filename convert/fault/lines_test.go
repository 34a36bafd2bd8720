package fault

import (
	"fmt"
	"strings"
	"testing"
)

func text(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s|%s\n", l.Text, l.Hint)
	}
	return b.String()
}

// TestLines: faults that explain others come first, every kind is there, with five of each.
func TestLines(t *testing.T) {
	var l List
	for i := range 7 {
		l = append(l, &Fault{File: "f", Tensor: fmt.Sprint("t", i), Problem: "is missing"})
		if i%3 == 0 {
			l = append(l, &Fault{File: fmt.Sprint("f", i), Tensor: "x", Problem: fmt.Sprintf("has %d bytes", i), Hint: "Look."})
		}
	}
	l = append(l, &Fault{Problem: "was not trained", Hint: "Train it.", Lead: true})
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
	if got := l.Error(); !strings.HasPrefix(got, "was not trained\nf: t0: is missing\nf0: x: has 0 bytes\n") || strings.Count(got, "\n") != 10 {
		t.Errorf("Error: %s", got)
	}
	if l[0].Problem != "is missing" {
		t.Error("the list itself was reordered")
	}
}

// TestManyFaults: the text of any number of faults is bounded.
func TestManyFaults(t *testing.T) {
	var l List
	for i := range 100_000 {
		l = append(l, &Fault{Tensor: strings.Repeat("x", 200), Problem: "is odd: " + strings.Repeat("a", i%200)})
	}
	if lines := l.Lines(); len(lines) > (maxPerKind+1)*maxKinds+1 || !strings.Contains(lines[len(lines)-1].Text, "and 100 more kinds of problems") {
		t.Errorf("%d lines, %v", len(lines), lines[len(lines)-1])
	}
	if got := l.Error(); len(got) > maxText+1000 || !strings.Contains(got[len(got)-20:], " more") {
		t.Errorf("%d bytes, %q", len(got), got[len(got)-20:])
	}
}
