package main

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"hf2olmo/convert/assemble"
)

// log is a writer that may be read while another goroutine writes.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestLines: there are lines at the start, at the end, and in between even if no byte is copied, so that the log shows
// a disk that hangs.
func TestLines(t *testing.T) {
	var w log
	p := numbered(&lines{w: &w, every: 5 * time.Millisecond}, 2, 5)
	p.Start("llama\x1b[2J", assemble.Copying, 4e9)
	waitFor(t, &w, `(?m)^\[2/5\] llama.*: 0 B of 4.0 GB, 0 B/s$`)
	p.Add(1e9)
	waitFor(t, &w, `(?m): 1.0 GB of 4.0 GB, .*/s, \S+ left$`)
	p.Add(3e9)
	p.Stop()
	text := w.String()
	want := regexp.MustCompile(`(?s)^\[2/5\] llama[^\n]*: copying 4.0 GB\n.*: copied 4.0 GB in [0-9.]+ s\n$`)
	if !want.MatchString(text) {
		t.Errorf("lines are:\n%s", text)
	}
	if strings.Contains(text, "\x1b") {
		t.Error("a model's name reaches the terminal as it is")
	}
}

// TestLinesOfABreak stops before everything is copied.
func TestLinesOfABreak(t *testing.T) {
	var w log
	p := numbered(&lines{w: &w, every: time.Hour}, 1, 1)
	p.Start("llama", assemble.Copying, 4e9)
	p.Add(1e9)
	p.Stop()
	if text := w.String(); strings.Contains(text, "copied") || !strings.Contains(text, "1.0 GB of 4.0 GB") {
		t.Errorf("lines are:\n%s", text)
	}
}

func waitFor(t *testing.T, w *log, pattern string) {
	t.Helper()
	for range 1000 {
		if regexp.MustCompile(pattern).MatchString(w.String()) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("no line %s in:\n%s", pattern, w.String())
}
