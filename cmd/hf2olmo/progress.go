package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"hf2olmo/convert"
	"hf2olmo/convert/fault"
)

// newProgress returns a bar where w is a terminal, and plain lines elsewhere.
func newProgress(w io.Writer) convert.Progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bar{w: w}
	}
	return &lines{w: w}
}

// bar shows bytes, rate and time left.
type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func (b *bar) Start(name string, total int64) {
	b.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(b.w),
		progressbar.OptionSetDescription(fault.Printable(name)),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowTotalBytes(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish())
}

func (b *bar) Add(n int64) { b.bar.Add64(n) }

func (b *bar) Stop() { b.bar.Finish() }

// lines prints one line now and then, for logs.
type lines struct {
	w     io.Writer
	mu    sync.Mutex
	name  string
	total int64
	done  int64
	next  time.Time
}

const lineEvery = 30 * time.Second

func (l *lines) Start(name string, total int64) {
	l.name, l.total, l.done, l.next = fault.Printable(name), total, 0, time.Now().Add(lineEvery)
	fmt.Fprintf(l.w, "%s: copying %s\n", l.name, humanize.Bytes(uint64(total)))
}

func (l *lines) Add(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done += n
	if now := time.Now(); now.After(l.next) {
		l.next = now.Add(lineEvery)
		fmt.Fprintf(l.w, "%s: %s of %s\n", l.name, humanize.Bytes(uint64(l.done)), humanize.Bytes(uint64(l.total)))
	}
}

func (l *lines) Stop() {}
