package assemble

import (
	"sync"

	"hf2olmo/convert/tensor"
)

// Seen is what a copy saw of the values that passed.
type Seen struct {
	mu    sync.Mutex
	parts map[string]Values // by the sources' names, those of which there is something to say
	over  map[string]int64  // elements that a cast made infinite, by the names of written tensors
	lost  map[string]int64  // elements that a cast rounded where it was to be exact, by those names too
}

// Values is what was seen of the elements of one source tensor.
type Values struct {
	NaN, Infinite bool
	Zeros         int64 // elements of pieces that contain nothing else
}

func newSeen() Seen {
	return Seen{parts: map[string]Values{}, over: map[string]int64{}, lost: map[string]int64{}}
}

// Of returns what was seen of a source tensor.
func (s *Seen) Of(source string) Values { return s.parts[source] }

// Overflows returns how many elements of a written tensor became infinite by a cast.
func (s *Seen) Overflows(name string) int64 { return s.over[name] }

// Rounded reports whether a cast rounded an element of a written tensor whose content is Exact.
func (s *Seen) Rounded(name string) bool { return s.lost[name] > 0 }

// WarnOfOverflow warns if a cast made elements of a written tensor infinite.
func (s *Seen) WarnOfOverflow(t *Tensor, warn func(format string, args ...any)) {
	if n := s.Overflows(t.Name); n > 0 {
		warn("%s: %d of its elements are too large for %s and became infinite", t.Name, n, t.Content.DType)
	}
}

// casts notes what casts did to the piece of a written tensor that was read last.
func (s *Seen) casts(t *Tensor, g *tensor.Gatherer) {
	if g.Overflows == 0 && g.Rounded == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over[t.Name] += g.Overflows
	s.lost[t.Name] += g.Rounded
}

// piece notes what a piece of a written tensor, from the byte off of its content, which a gatherer has just read,
// shows of its parts, and what casts did to it.
func (s *Seen) piece(t *Tensor, off int64, buffer []byte, g *tensor.Gatherer) {
	s.casts(t, g)
	dtype := t.Content.DType
	at := -off // of the part, in the buffer
	for _, part := range t.Content.Parts {
		size := part.Numel() * dtype.Size()
		if part.Filled() {
			at += size
			continue
		}
		if from, to := max(at, 0), min(at+size, int64(len(buffer))); from < to {
			special := tensor.Look(buffer[from:to], dtype)
			special.Infinite = special.Infinite && g.Overflows == 0
			s.part(part.Name, special, (to-from)/dtype.Size())
		}
		at += size
	}
}

func (s *Seen) part(name string, special tensor.Special, elements int64) {
	if special == (tensor.Special{}) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.parts[name]
	v.NaN, v.Infinite = v.NaN || special.NaN, v.Infinite || special.Infinite
	if special.Zero {
		v.Zeros += elements
	}
	s.parts[name] = v
}
