package main

import (
	"encoding/binary"
	"strconv"

	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// layLegacy lays out a file as torch.save wrote it before version 1.6: pickles of a
// magic number, a protocol version, facts of the machine, the dict of tensors and
// the list of its storages; then each storage after its number of elements.
func layLegacy(ws []weight, dtype tensor.DType) (*layout, error) {
	p := pickleWriter{dtype: dtype}
	p.whole(func() { p.add("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") }) // the magic number, as LONG1
	p.whole(func() { p.number(1001) })
	p.whole(func() {
		p.add("}(")
		p.text("protocol_version")
		p.number(1001)
		p.text("little_endian")
		p.add("\x88u") // True
	})
	p.whole(func() {
		p.add("}(")
		for i, w := range ws {
			p.text(w.name)
			p.weight(i, w)
		}
		p.add("u")
	})
	p.whole(func() {
		p.add("](")
		for i := range ws {
			p.text(strconv.Itoa(i))
		}
		p.add("e")
	})
	pieces := []torchfile.Piece{{Data: p.out}}
	l := &layout{size: int64(len(p.out)), rest: func([]uint32) []torchfile.Piece { return pieces }}
	for _, w := range ws {
		length := binary.LittleEndian.AppendUint64(nil, uint64(w.numel()))
		pieces = append(pieces, torchfile.Piece{Offset: l.size, Data: length})
		l.offsets = append(l.offsets, l.size+8)
		l.size += 8 + w.numel()*dtype.Size()
	}
	return l, nil
}

// pickleWriter writes the few opcodes of protocol 2 that are needed.
type pickleWriter struct {
	dtype tensor.DType
	out   []byte
}

func (p *pickleWriter) add(s string) { p.out = append(p.out, s...) }

func (p *pickleWriter) whole(body func()) {
	p.add("\x80\x02")
	body()
	p.add(".")
}

func (p *pickleWriter) text(s string) {
	p.add("X")
	p.out = binary.LittleEndian.AppendUint32(p.out, uint32(len(s)))
	p.add(s)
}

// number writes what fits 31 bits as BININT, and more as LONG1 of eight bytes.
func (p *pickleWriter) number(n int64) {
	if n < 1<<31 {
		p.add("J")
		p.out = binary.LittleEndian.AppendUint32(p.out, uint32(n))
		return
	}
	p.add("\x8a\x08")
	p.out = binary.LittleEndian.AppendUint64(p.out, uint64(n))
}

func (p *pickleWriter) tuple(numbers []int64) {
	p.add("(")
	for _, n := range numbers {
		p.number(n)
	}
	p.add("t")
}

// weight writes torch._utils._rebuild_tensor_v2 on storage number i.
func (p *pickleWriter) weight(i int, w weight) {
	class := map[tensor.DType]string{tensor.Float32: "FloatStorage", tensor.BFloat16: "BFloat16Storage"}[p.dtype]
	p.add("ctorch._utils\n_rebuild_tensor_v2\n((")
	p.text("storage")
	p.add("ctorch\n" + class + "\n")
	p.text(strconv.Itoa(i))
	p.text("cpu")
	p.number(w.numel())
	p.add("NtQ") // no view; BINPERSID
	p.number(0)
	p.tuple(w.shape)
	switch {
	case len(w.shape) == 1:
		p.tuple([]int64{1})
	case w.turned:
		p.tuple([]int64{1, w.shape[0]})
	default:
		p.tuple([]int64{w.shape[1], 1})
	}
	p.add("\x89ccollections\nOrderedDict\n)RtR") // False; an empty OrderedDict; both calls
}
