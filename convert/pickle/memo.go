package pickle

// memory is a pickle's memo. That of a large pickle keeps only what is fetched from it later:
// picklers put nearly every object there, and nothing could be forgotten otherwise.
type memory[V any] struct {
	entries map[uint64]V
	// fetched are the numbers of the entries that the pickle fetches: noted by a first reading,
	// and the only ones that are kept by a second. nil keeps all.
	fetched *numberSet
	noting  bool
	puts    uint64 // so far
}

// next is the number of the entry that MEMOIZE puts.
func (m *memory[V]) next() uint64 {
	if m.fetched == nil {
		return uint64(len(m.entries))
	}
	return m.puts
}

// put reports false if a large pickle does not number its entries from 0 on, as picklers do.
func (m *memory[V]) put(number uint64, v V) bool {
	if m.fetched == nil {
		m.entries[number] = v
		return true
	}
	if number != m.puts {
		return false
	}
	if m.puts++; !m.noting && m.fetched.has(number) {
		m.entries[number] = v
	}
	return true
}

func (m *memory[V]) get(number uint64) (v V, ok bool) {
	if !m.noting {
		v, ok = m.entries[number]
		return v, ok
	}
	m.fetched.add(number)
	return v, number < m.puts
}

// numberSet is a set of numbers, one bit for each up to the largest.
type numberSet struct{ bits []uint64 }

func (s *numberSet) has(n uint64) bool {
	return n/64 < uint64(len(s.bits)) && s.bits[n/64]>>(n%64)&1 == 1
}

// add ignores numbers that no pickle that can be read reaches.
func (s *numberSet) add(n uint64) {
	if n > maxPuts {
		return
	}
	for n/64 >= uint64(len(s.bits)) {
		s.bits = append(s.bits, 0)
	}
	s.bits[n/64] |= 1 << (n % 64)
}

// maxPuts bounds the numbers of entries in the memo of a large pickle: 64 MB of bits.
const maxPuts = 1 << 29
