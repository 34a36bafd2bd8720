package pickle

import "io"

// pieceBytes is how much is handed on at once, at least.
const pieceBytes = 32 << 10

// Write writes what Marshal returns, of which little is in memory at a time. Errors are to's, or those of
// Marshal.
func Write(to io.Writer, v any, as func(v any) (any, error)) error {
	w := writer{out: []byte{opProto, protocol}, as: as, to: to}
	if err := w.value(v); err != nil {
		return err
	}
	w.op(opStop)
	return w.handOn(0)
}

// handOn hands on what was written, once it is more than so many bytes.
func (w *writer) handOn(more int) error {
	if w.to == nil || len(w.out) <= more {
		return nil
	}
	_, err := w.to.Write(w.out)
	w.out = w.out[:0]
	return err
}
