package match

import (
	"fmt"
	"testing"
	"time"
)

// TestCommonPrefix finds the prefix of most names, whichever side has it, and does
// not look long where there is none.
func TestCommonPrefix(t *testing.T) {
	table := []string{"head", "a.b.x", "a.b.y", "a.c.z"}
	for _, c := range []struct {
		missing, surplus []string
		want             prefix
		n                int
	}{
		{table, []string{"m.a.b.x", "m.a.b.y", "m.a.c.z", "other"}, prefix{"m.", false}, 3},
		{table, []string{"m.head", "m.a.b.x", "m.a.b.y", "m.a.c.z"}, prefix{"m.", false}, 4},
		{table, []string{"b.x", "b.y", "c.z"}, prefix{"a.", true}, 3},
		{table, []string{"m.head", "m.a.b.x"}, prefix{}, 0},             // half is not most
		{table, []string{"ma.b.x", "ma.b.y", "ma.c.z"}, prefix{}, 0},    // no whole part of a name
		{table, []string{"1.a.b.x", "2.a.b.y", "3.a.c.z"}, prefix{}, 0}, // one each
		{table, nil, prefix{}, 0},
		{nil, table, prefix{}, 0},
	} {
		if p, n := commonPrefix(c.missing, c.surplus); n != c.n || n > 0 && p != c.want {
			t.Errorf("%q, %q: %+v %d", c.missing, c.surplus, p, n)
		}
	}
	var missing, surplus []string
	for i := range 100_000 {
		missing = append(missing, fmt.Sprintf("x%d", i%3))
		surplus = append(surplus, fmt.Sprintf("p%d.x%d", i, i%3))
	}
	begin := time.Now()
	if p, n := commonPrefix(missing, surplus); n != 0 {
		t.Errorf("%+v %d", p, n)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("took %s", took)
	}
}
