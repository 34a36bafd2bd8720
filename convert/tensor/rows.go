package tensor

// Rows returns a part of a tensor: count of its rows from first on, in the same files. A
// matrix is of rows, a vector of elements. The rows are inside of the tensor.
func Rows(t *Tensor, first, count int64) *Tensor {
	if first == 0 && count == t.Shape[0] {
		return t
	}
	part := *t
	part.Shape = append([]int64{count}, t.Shape[1:]...)
	width := t.width()
	if t.Ordered != nil {
		ordered := *t.Ordered
		ordered.First += first
		part.Ordered = &ordered
		return &part
	}
	if t.Blocks == nil {
		stride := width
		if t.Stride != nil {
			stride = t.Stride[0]
		}
		part.Offset += first * stride * t.DType.Size()
		return &part
	}
	if t.Flat { // the grid is of elements
		first, count = first*width, count*width
	}
	part.Blocks = []Block{}
	for _, b := range t.Blocks {
		from := max(first, b.Start[0])
		n := min(first+count, b.Start[0]+b.Data.Shape[0]) - from
		if n <= 0 {
			continue
		}
		start := append([]int64{from - first}, b.Start[1:]...)
		part.Blocks = append(part.Blocks, Block{Start: start, Data: Rows(b.Data, from-b.Start[0], n)})
	}
	return &part
}
