package tensor_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"hf2olmo/convert/tensor"
)

// TestParallel: every piece is done once, by no more workers than were asked for.
func TestParallel(t *testing.T) {
	const n = 1000
	var done [n]atomic.Int32
	var workers atomic.Int32
	err := tensor.Parallel(t.Context(), 3, tensor.Count(n), func(context.Context) func(int) error {
		workers.Add(1)
		return func(i int) error {
			done[i].Add(1)
			return nil
		}
	})
	if err != nil || workers.Load() > 3 || workers.Load() == 0 {
		t.Errorf("%d workers, %v", workers.Load(), err)
	}
	for i := range done {
		if times := done[i].Load(); times != 1 {
			t.Fatalf("piece %d was done %d times", i, times)
		}
	}
}

// TestParallelStops: the first error ends all workers, and so does the context, with its cause.
func TestParallelStops(t *testing.T) {
	bad, stop := errors.New("bad"), errors.New("stop")
	var done atomic.Int32
	err := tensor.Parallel(t.Context(), 2, tensor.Count(1<<30), func(context.Context) func(int) error {
		return func(i int) error {
			if done.Add(1) == 100 {
				return bad
			}
			return nil
		}
	})
	if err != bad {
		t.Errorf("%v, want the error of a piece", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	err = tensor.Parallel(ctx, 2, tensor.Count(1<<30), func(context.Context) func(int) error {
		return func(i int) error {
			if i == 100 {
				cancel(stop)
			}
			return nil
		}
	})
	if err != stop {
		t.Errorf("%v, want the cause of the context", err)
	}
}

func TestWorkers(t *testing.T) {
	for _, c := range []struct {
		jobs   int
		pieces int64
		want   int
	}{{1, 1000, 1}, {8, 3, 3}, {5, 0, 1}, {10_000, 1 << 40, 64}} {
		if have := tensor.Workers(c.jobs, c.pieces); have != c.want {
			t.Errorf("%d jobs for %d pieces: %d, want %d", c.jobs, c.pieces, have, c.want)
		}
	}
	if have := tensor.Workers(0, 1<<40); have < 1 || have > 16 {
		t.Errorf("%d workers by default", have)
	}
}
