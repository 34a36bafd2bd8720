package converttest

import (
	"os"
	"sync"
	"time"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
)

// Changes are what may become of a file of a source while it is copied, each of which is an error.
var Changes = map[string]func(path string) error{
	"cut":      func(path string) error { return os.Truncate(path, 700) },
	"appended": func(path string) error { return os.Truncate(path, 1<<20) },
	"touched":  func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
	"edited": func(path string) error {
		text, err := regular.Read(path, output.MaxSmall)
		if err != nil {
			return err
		}
		text[len(text)/2] ^= 1
		time.Sleep(5 * time.Millisecond) // no clock of a file system is finer than that
		return os.WriteFile(path, text, 0o666)
	},
}

// Meanwhile is a Progress that does something once: when the first piece was copied, or AtStop.
type Meanwhile struct {
	Do     func()
	AtStop bool
	once   sync.Once
}

// Start does nothing.
func (m *Meanwhile) Start(string, assemble.Work, int64) {}

// Add is called when a piece was copied.
func (m *Meanwhile) Add(int64) {
	if !m.AtStop {
		m.once.Do(m.Do)
	}
}

// Stop is called when all was.
func (m *Meanwhile) Stop() {
	if m.AtStop {
		m.once.Do(m.Do)
	}
}
