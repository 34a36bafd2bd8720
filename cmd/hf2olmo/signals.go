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

// signalNames are those that stop the program.
var signalNames = map[syscall.Signal]string{
	syscall.SIGINT: "SIGINT", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP",
}

// signalError is the cause of a context that a signal ended.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "stopped by " + signalNames[e.signal] }

// status is the exit status of a program that a signal ended, as shells have it.
func (e signalError) status() int { return 128 + int(e.signal) }

// withSignals returns a context that ends on SIGINT, SIGTERM and SIGHUP, so that
// the temporary folder is removed. That is told at once, for a busy disk may take a
// while to let go of a large file; a second signal ends the program without waiting.
// A pipe that nobody reads any more ends nothing: writing to it fails.
func withSignals(parent context.Context, stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
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

// patience is how long a command that was stopped may take to say what it did not do.
const patience = time.Second

// interruptible is for a command that writes nothing: once a signal has stopped it, it may be
// left wherever it is.
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

// results is standard output. Names in it come from files that nobody vouches for, so
// what a terminal might obey is escaped. It remembers that something could not be written, for
// a script must not take a result that was cut short for the whole.
type results struct {
	io.Writer
	mu  sync.Mutex // a command that was left where it is may still write
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

// status is the exit status where something could not be written; told is false where
// that needs no words, because the reader went away.
func (r *results) status() (status int, told bool) {
	if errors.Is(r.err, syscall.EPIPE) {
		return signalError{syscall.SIGPIPE}.status(), false
	}
	return statusFailed, true
}
