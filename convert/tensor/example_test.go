package tensor_test

import (
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert/tensor"
)

// A transposed bfloat16 matrix in a file is read row by row, as float32.
func ExampleGatherer_Read() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "weights")
	// 1, 2, 3 and 4 in bfloat16, little-endian
	if err := os.WriteFile(path, []byte{0x80, 0x3f, 0x00, 0x40, 0x40, 0x40, 0x80, 0x40}, 0o644); err != nil {
		fmt.Println(err)
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	stored := tensor.Tensor{Name: "w", DType: tensor.BFloat16, Shape: []int64{2, 2},
		File: tensor.NewFile(path, "weights", info)}
	files, err := tensor.OpenFiles([]tensor.Tensor{stored})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer files.Close()

	content := &tensor.Content{DType: tensor.Float32, Parts: []*tensor.Tensor{tensor.Transposed(&stored)}}
	p := make([]byte, content.Bytes())
	if err := tensor.NewGatherer(files).Read(p, content, 0); err != nil {
		fmt.Println(err)
		return
	}
	for i := 0; i < len(p); i += 4 {
		fmt.Printf("% x\n", p[i:i+4])
	}
	// Output:
	// 00 00 80 3f
	// 00 00 40 40
	// 00 00 00 40
	// 00 00 80 40
}
