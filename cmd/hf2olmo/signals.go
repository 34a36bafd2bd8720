package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"hf2olmo/convert/fault"
)

// signalError is the cause of a context that a signal ended.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "stopped by " + unix.SignalName(e.signal) }

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

// results is standard output. Names in it come from files that nobody vouches for, so
// what a terminal might obey is escaped. It remembers that something could not be written, for
// a script must not take a result that was cut short for the whole.
type results struct {
	io.Writer
	err error
}

func (r *results) Write(p []byte) (int, error) {
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
