package tensor

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

const (
	defaultWorkers = 16 // at most: more only floods a network disk
	maxWorkers     = 64 // whatever the user asks for: each needs memory for a piece
)

// Workers returns how many goroutines share pieces of work: jobs of them, 0 for a number that suits the
// machine, and no more than there are pieces or than memory should be used for.
func Workers(jobs int, pieces int64) int {
	if jobs <= 0 {
		jobs = min(runtime.GOMAXPROCS(0), defaultWorkers)
	}
	return int(max(1, min(int64(jobs), pieces, maxWorkers)))
}

// Parallel has jobs goroutines do pieces of work until next has no more, one fails, or ctx ends, and returns
// the first error. next is never called twice at once. Each goroutine calls worker for the function that does
// its pieces, which may own buffers.
func Parallel[T any](ctx context.Context, jobs int, next func() (T, bool),
	worker func(context.Context) func(T) error) error {
	var mu sync.Mutex
	take := func() (T, bool) {
		mu.Lock()
		defer mu.Unlock()
		return next()
	}
	group, ctx := errgroup.WithContext(ctx)
	for range jobs {
		group.Go(func() error {
			var do func(T) error
			for {
				piece, ok := take()
				switch {
				case !ok:
					return nil
				case ctx.Err() != nil:
					return context.Cause(ctx)
				case do == nil:
					do = worker(ctx)
				}
				if err := do(piece); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// Count is the next of Parallel for the numbers from 0 to n-1.
func Count(n int) func() (int, bool) {
	i := -1
	return func() (int, bool) {
		i++
		return i, i < n
	}
}
