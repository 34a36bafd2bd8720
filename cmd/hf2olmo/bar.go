package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
)

// bar shows bytes, rate and time left on one line of a terminal.
type bar struct {
	counter
	w       io.Writer
	columns func() int // of the terminal, which may change
	name    string
	total   int64
	began   time.Time
	shown   bool
}

// newBar returns a bar if w is a terminal that can erase a line, else nil.
func newBar(w io.Writer) *bar {
	if columnsOf(w) == 0 || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &bar{w: w, columns: func() int { return columnsOf(w) }}
}

// syncAfter is how long the disk may take before a bar says that it is waited for.
const syncAfter = 300 * time.Millisecond

func (b *bar) Start(name string, work assemble.Work, total int64) {
	b.name, b.total, b.began, b.shown = fault.Printable(name), total, time.Now(), false
	if work == assemble.Syncing {
		b.start(barEvery, func(int64) {
			if !b.shown && time.Since(b.began) > syncAfter {
				b.print(fmt.Sprintf("%s: syncing %s …", b.name, humanize.Bytes(uint64(total))))
			}
		})
		return
	}
	b.print(b.line(0, b.columns()-1))
	b.start(barEvery, func(done int64) { b.print(b.line(done, b.columns()-1)) })
}

// print replaces the line.
func (b *bar) print(line string) {
	b.shown = true
	printf(b.w, "\r"+strings.ReplaceAll(line, "%", "%%")+"\x1b[K")
}

// Stop removes the bar, even if the copy failed.
func (b *bar) Stop() {
	b.stop()
	if b.shown {
		b.print("")
	}
}

// line describes how far the work is, in so many columns at most: what matters least is left out first.
func (b *bar) line(done int64, columns int) string {
	seconds := max(time.Since(b.began).Seconds(), 1e-3)
	rate := float64(done) / seconds
	percent := 100
	if b.total > 0 {
		percent = int(min(100, 100*done/b.total))
	}
	share := fmt.Sprintf("%3d%%", percent)
	bytes := fmt.Sprintf("%s of %s", humanize.Bytes(uint64(done)), humanize.Bytes(uint64(b.total)))
	speed, left := "", ""
	if done > 0 {
		speed = humanize.Bytes(uint64(rate)) + "/s"
		left = time.Duration(float64(max(b.total-done, 0)) / rate * float64(time.Second)).Round(time.Second).String()
	}
	const width = 20
	drawn := strings.Repeat("█", width*percent/100) + strings.Repeat("░", width-width*percent/100)
	for _, parts := range [][]string{{share, drawn, bytes, speed, left}, {share, bytes, speed, left}, {share, bytes, left},
		{share, left}, {share}} {
		rest := strings.TrimRight(strings.Join(parts, "  "), " ")
		if room := columns - len([]rune(rest)) - 1; room >= min(len([]rune(b.name)), 12) {
			return cutTo(b.name, room) + " " + rest
		}
	}
	return cutTo(share, columns)
}

// cutTo shortens a text to so many letters.
func cutTo(s string, letters int) string {
	r := []rune(s)
	switch {
	case len(r) <= letters:
		return s
	case letters < 2:
		return string(r[:max(letters, 0)])
	}
	return string(r[:letters-1]) + "…"
}
