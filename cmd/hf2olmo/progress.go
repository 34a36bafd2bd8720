package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
)

// How often progress is shown: on a terminal, and in a log.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 30 * time.Second
)

// newProgress returns a bar if w is a terminal, else plain lines.
func newProgress(w io.Writer) assemble.Progress {
	if b := newBar(w); b != nil {
		return b
	}
	return &lines{w: w, every: lineEvery}
}

// numbered prefixes the name of one of several models with its number: [2/5] name.
func numbered(p assemble.Progress, place, models int) assemble.Progress {
	if p == nil || models < 2 {
		return p
	}
	return inPlace{p, fmt.Sprintf("[%d/%d] ", place, models)}
}

type inPlace struct {
	assemble.Progress
	prefix string
}

func (p inPlace) Start(name string, work assemble.Work, total int64) {
	p.Progress.Start(p.prefix+name, work, total)
}

// counter counts bytes, and shows the count from time to time in its own goroutine, so that copying never waits for a
// slow terminal.
type counter struct {
	done        atomic.Int64
	quit, ended chan struct{}
}

func (c *counter) start(every time.Duration, show func(done int64)) {
	c.done.Store(0)
	c.quit, c.ended = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(c.ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				show(c.done.Load())
			case <-c.quit:
				return
			}
		}
	}()
}

// Add is called from many goroutines.
func (c *counter) Add(n int64) { c.done.Add(n) }

// stop waits until nothing more is shown, and returns the count.
func (c *counter) stop() int64 {
	close(c.quit)
	<-c.ended
	return c.done.Load()
}

// lines prints a line at the start, at the end, and from time to time, for logs.
type lines struct {
	counter
	w     io.Writer
	every time.Duration
	name  string
	work  assemble.Work
	total int64
	began time.Time
}

func (l *lines) Start(name string, work assemble.Work, total int64) {
	l.name, l.work, l.total, l.began = fault.Printable(name), work, total, time.Now()
	if work == assemble.Syncing { // most disks are done at once
		l.start(l.every, func(int64) { printf(l.w, "%s: syncing %s\n", l.name, humanize.Bytes(uint64(total))) })
		return
	}
	printf(l.w, "%s: %s %s\n", l.name, work.Doing, humanize.Bytes(uint64(total)))
	l.start(l.every, func(done int64) { printf(l.w, "%s\n", l.state(done)) })
}

func (l *lines) Stop() {
	if done := l.stop(); l.work != assemble.Syncing {
		printf(l.w, "%s\n", l.state(done))
	}
}

// state describes how far the work is: its rate, and the time left if it is not done.
func (l *lines) state(done int64) string {
	seconds := max(time.Since(l.began).Seconds(), 1e-3)
	if done == l.total {
		return fmt.Sprintf("%s: %s %s in %.1f s", l.name, l.work.Done, humanize.Bytes(uint64(done)), seconds)
	}
	rate := float64(done) / seconds
	text := fmt.Sprintf("%s: %s of %s, %s/s", l.name, humanize.Bytes(uint64(done)), humanize.Bytes(uint64(l.total)),
		humanize.Bytes(uint64(rate)))
	if done > 0 {
		left := time.Duration(float64(l.total-done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return text
}
