package fault

import (
	"strings"
	"testing"
)

// TestManyFaults: the text of any number of faults is bounded.
func TestManyFaults(t *testing.T) {
	var l List
	for i := range 100_000 {
		l = append(l, &Fault{Tensor: strings.Repeat("x", 200), Problem: "is odd: " + strings.Repeat("a", i%200)})
	}
	lines := l.Lines()
	last := lines[len(lines)-1].Text
	if len(lines) > (maxPerKind+1)*maxKinds+1 || !strings.Contains(last, "and 100 more kinds of problems") {
		t.Errorf("%d lines, %s", len(lines), last)
	}
	if got := l.Error(); len(got) > maxText+1000 || !strings.Contains(got[len(got)-20:], " more") {
		t.Errorf("%d bytes, %q", len(got), got[len(got)-20:])
	}
}
