package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hf2olmo/convert/assemble"
)

// TestBarFits: the line fits any terminal, and says how far the work is.
func TestBarFits(t *testing.T) {
	b := &bar{name: "[12/20] OLMo-2-0325-32B-Instruct", total: 64e9, began: time.Now().Add(-10 * time.Second)}
	for columns, want := range map[int]string{
		110: "[12/20] OLMo-2-0325-32B-Instruct  50%  ██████████░░░░░░░░░░  32 GB of 64 GB  3.2 GB/s  10s",
		79:  "[12/20] OLMo-2-0325-…  50%  ██████████░░░░░░░░░░  32 GB of 64 GB  3.2 GB/s  10s",
		60:  "[12/20] OLMo-2-0325-32B…  50%  32 GB of 64 GB  3.2 GB/s  10s",
		39:  "[12/20] OLMo…  50%  32 GB of 64 GB  10s",
		20:  "[12/20] OLMo-2…  50%",
		5:   " 50%",
	} {
		line := b.line(32e9, columns)
		if n := utf8.RuneCountInString(line); n > columns {
			t.Errorf("%d letters in %d columns: %q", n, columns, line)
		}
		if line != want {
			t.Errorf("%d columns: %q, want %q", columns, line, want)
		}
	}
	if line := b.line(0, 39); !strings.Contains(line, "0%") || !strings.Contains(line, "0 B of 64 GB") {
		t.Errorf("at the start: %q", line)
	}
}

// TestBarSyncs: once the bytes are copied, a slow disk is waited for, which the bar says; then the line is empty.
func TestBarSyncs(t *testing.T) {
	var w log
	b := &bar{w: &w, columns: func() int { return 80 }}
	b.Start("llama", assemble.Copying, 4e9)
	b.Add(4e9)
	b.Stop()
	b.Start("llama", assemble.Syncing, 4e9)
	waitFor(t, &w, `llama: syncing 4.0 GB …`)
	b.Stop()
	if !strings.HasSuffix(w.String(), "\r\x1b[K") {
		t.Errorf("left %q", w.String())
	}
	w.text.Reset()
	b.Start("llama", assemble.Syncing, 4e9)
	b.Stop()
	if w.String() != "" {
		t.Errorf("a fast disk is mentioned: %q", w.String())
	}
}

// TestLinesSync: a log mentions a disk only if it is slow.
func TestLinesSync(t *testing.T) {
	var w log
	l := &lines{w: &w, every: 5 * time.Millisecond}
	l.Start("llama", assemble.Syncing, 4e9)
	waitFor(t, &w, `(?m)^llama: syncing 4.0 GB$`)
	l.Stop()
	w.text.Reset()
	l.every = time.Hour
	l.Start("llama", assemble.Syncing, 4e9)
	l.Stop()
	if w.String() != "" {
		t.Errorf("a fast disk is mentioned: %q", w.String())
	}
}
