package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"hf2olmo/convert/fault"
)

// signalNames are the signals that stop the program.
var signalNames = map[syscall.Signal]string{
	syscall.SIGINT: "SIGINT", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP",
}

// signalError is the cause of a context that a signal canceled.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "stopped by " + signalNames[e.signal] }

// status is the exit status that shells report for a program that a signal ended.
func (e signalError) status() int { return 128 + int(e.signal) }

// withSignals returns a context that ends on SIGINT, SIGTERM and SIGHUP, so that the temporary folder is removed. A
// message says so at once, because a busy disk may take a while to free a large file; a second signal ends the
// program without waiting. SIGHUP stays ignored under nohup. Writing to a closed pipe returns an error instead of
// ending the program.
func withSignals(parent context.Context, stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		if s, ok := (<-signals).(syscall.Signal); ok {
			signal.Stop(signals)
			printf(stderr, "hf2olmo: %v; removing what was written\n", signalError{s})
			cancel(signalError{s})
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// patience is how long a stopped command may take to report what it did not do.
const patience = time.Second

// interruptible is for a command that writes no files: it can be abandoned anywhere once a signal has stopped it.
func interruptible(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		done := make(chan error, 1)
		go func() { done <- action(c) }()
		select {
		case err := <-done:
			return err
		case <-c.Context.Done():
		}
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			return context.Cause(c.Context)
		}
	}
}

// results is standard output. Names in it come from untrusted files, so what a terminal might act on is escaped. It
// remembers that something could not be written: a script must not take a truncated result for the whole.
type results struct {
	io.Writer
	mu  sync.Mutex // an abandoned command may still write
	err error
}

func (r *results) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := io.WriteString(r.Writer, fault.Escape(string(p))); err != nil {
		if r.err == nil {
			r.err = err
		}
		return 0, err
	}
	return len(p), nil
}

// status is the exit status if something could not be written. report is false if no one needs to read about that,
// because the reader closed the pipe.
func (r *results) status() (status int, report bool) {
	if errors.Is(r.err, syscall.EPIPE) {
		return signalError{syscall.SIGPIPE}.status(), false
	}
	return statusFailed, true
}
