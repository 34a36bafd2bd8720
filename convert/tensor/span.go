package tensor

// A Span is a run of bytes of a content that are in a file as they are.
type Span struct {
	At     int64 // bytes of the content before it
	File   *File
	Offset int64 // in the file
	Bytes  int64
}

// Spans shows, in rising order, the bytes of a content that are in files as they are: of the same dtype, in order,
// and without anything done to them.
func (c *Content) Spans(visit func(Span)) {
	if c.Add != 0 || c.Scale != 0 {
		return
	}
	at := int64(0)
	for _, part := range c.Parts {
		if part.DType == c.DType {
			part.spans(at, visit)
		}
		at += part.Numel() * c.DType.Size()
	}
}

func (t *Tensor) spans(at int64, visit func(Span)) {
	switch size := t.DType.Size(); {
	case t.Filled() || t.Ordered != nil || !t.Contiguous() || t.besideEachOther():
	case t.Blocks != nil:
		t.Runs(0, func(data *Tensor, first, count int64) bool {
			visit(Span{at, data.File, data.Offset + first*size, count * size})
			at += count * size
			return true
		})
	default:
		visit(Span{at, t.File, t.Offset, t.Bytes()})
	}
}

// ShareBlock is the size in bytes of the blocks that file systems share between files.
const ShareBlock = 4096

// A tensor of fewer bytes is not worth the space that its alignment takes; and torch, when it maps a file, wants
// elements at multiples of eight bytes.
const (
	shareLeast = 64 << 10
	shareUnit  = 8
)

// Like returns where in a block the bytes of a content from the byte from on should begin, from 1 to ShareBlock: there
// most of them are at the same place of a block as in their own files, which can then share their blocks. It is 0 if it
// makes no difference.
func (c *Content) Like(from, bytes int64) int64 {
	if bytes < shareLeast {
		return 0
	}
	var places []int64 // in the order in which they are found
	shared := map[int64]int64{}
	c.Spans(func(s Span) {
		n := min(s.At+s.Bytes, from+bytes) - max(s.At, from)
		place := ((s.Offset-s.At+from)%ShareBlock + ShareBlock) % ShareBlock
		if n <= ShareBlock || place%shareUnit != 0 {
			return
		}
		if shared[place] == 0 {
			places = append(places, place)
		}
		shared[place] += n
	})
	best := int64(0)
	for _, place := range places {
		if shared[place] > shared[best%ShareBlock] || best == 0 {
			best = place
			if place == 0 {
				best = ShareBlock
			}
		}
	}
	return best
}
