package keymap

import "slices"

// An ExportedTensor is a tensor of the Hugging Face model: a part of one of the native ones.
type ExportedTensor struct {
	Name  string
	Shape []int64
	From  string // the native tensor
	// First and Count are rows of that, of which the tensor consists.
	First, Count int64
	Transposed   bool    // the rows are its columns
	Flat         bool    // the rows have another shape, with the same elements in the same order
	Widened      bool    // the trainer has it in float32 whatever the type of the others is
	Add          float64 // to every element, computed in float32
}

// Tied are two native tensors that must be equal bit for bit, of which the Hugging Face model has one.
type Tied struct{ Name, Same string }

// turned returns the tensors that the plan's tensors are made of, as what they are cut from.
func (p *Plan) turned() (tensors []ExportedTensor, tied []Tied) {
	for _, t := range p.Tensors {
		if t.Same != "" {
			tied = append(tied, Tied{t.Name, t.Same})
			continue
		}
		row := int64(0)
		for _, part := range t.Parts {
			one := ExportedTensor{Name: part.Name, Shape: part.Shape, From: t.Name, First: row, Count: part.Target()[0],
				Transposed: part.Transposed, Widened: t.DType != "", Add: -t.Add}
			if one.Flat = len(t.Parts) == 1 && !slices.Equal(part.Target(), t.Shape); one.Flat {
				one.Count = t.Shape[0]
			}
			tensors = append(tensors, one)
			row += one.Count
		}
	}
	return tensors, tied
}

// oneWay returns the first word of the plan that is not turned around, "" if there is none.
func (p *Plan) oneWay() string {
	for _, t := range p.Tensors {
		for _, part := range t.Parts {
			switch {
			case part.Zeros:
				return "zeros"
			case part.Rows != (RowRange{}):
				return "rows"
			case part.Order != (Order{}):
				return "permute"
			}
		}
		if t.Scale != 0 {
			return "scale"
		}
	}
	return ""
}
