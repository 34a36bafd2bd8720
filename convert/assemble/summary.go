package assemble

// Parameters returns the number of elements of all tensors, those under another name once.
func Parameters(tensors []Tensor) int64 {
	n := int64(0)
	for _, t := range tensors {
		if t.Same == "" {
			n += t.Content.Numel()
		}
	}
	return n
}

// Bytes returns the size of files.
func Bytes(files []File) int64 {
	n := int64(0)
	for _, f := range files {
		n += f.Size
	}
	return n
}

// DType returns the dtype of all tensors, "mixed" if they differ, and "" of none.
func DType(tensors []Tensor) string {
	for _, t := range tensors {
		if t.Content.DType != tensors[0].Content.DType {
			return "mixed"
		}
	}
	if len(tensors) == 0 {
		return ""
	}
	return tensors[0].Content.DType.String()
}
