package assemble_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A file is made of the elements of a tensor, here four float32 cast to bfloat16, and of bytes
// around them that depend on their checksum.
func ExampleJob_Run() {
	dir, err := os.MkdirTemp("", "assemble")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "source")
	ones := []byte{0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f}
	if err := os.WriteFile(path, ones, 0o666); err != nil {
		fmt.Println(err)
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	file := tensor.NewFile(path, "source", info)
	source := tensor.Tensor{Name: "w", DType: tensor.Float32, Shape: []int64{4}, File: file}
	job := assemble.Job{
		Sources: []tensor.Tensor{source},
		Tensors: []assemble.Tensor{{Name: "weight", Shape: source.Shape,
			Content: tensor.Content{DType: tensor.BFloat16, Parts: []*tensor.Tensor{&source}}}},
		Files: []assemble.File{{Name: "out", Size: 16,
			Runs: []assemble.Run{{Tensor: 0, Place: torchfile.Extent{Offset: 4, Bytes: 8}}},
			Frame: func(sums []uint32) []torchfile.Piece {
				sum := fmt.Appendf(nil, "%04x", sums[0]>>16)
				return []torchfile.Piece{{Offset: 0, Data: []byte("HEAD")}, {Offset: 12, Data: sum}}
			},
		}},
		Dir: dir, Final: dir,
	}
	sums, err := job.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	written, err := os.ReadFile(filepath.Join(dir, "out"))
	fmt.Printf("%q %v\nCRC-32 %08x\n", written, err, sums[0].CRC)
	// Output:
	// "HEAD\x80?\x80?\x80?\x80?1a78" <nil>
	// CRC-32 aca69103
}
