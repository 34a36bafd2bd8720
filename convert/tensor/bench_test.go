package tensor

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// weights are n elements as a model has them: spread evenly around zero, so that
// one in a thousand is subnormal as float16.
func weights(dtype DType, n int) []byte {
	random := rand.New(rand.NewPCG(7, 8))
	var p []byte
	for range n {
		bits := math.Float32bits(float32(random.Float64()-0.5) / 10)
		switch dtype {
		case Float32:
			p = binary.LittleEndian.AppendUint32(p, bits)
		case BFloat16:
			p = binary.LittleEndian.AppendUint16(p, narrowBFloat16(bits))
		case Float16:
			p = binary.LittleEndian.AppendUint16(p, narrowFloat16(bits))
		}
	}
	return p
}

// BenchmarkScan is what every byte goes through: its CRC, and the look for NaN.
func BenchmarkScan(b *testing.B) {
	for _, dtype := range []DType{Float32, BFloat16} {
		p := weights(dtype, 1<<18)
		b.Run("nan/"+dtype.String(), func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				if HasNaN(p, dtype) {
					b.Fatal("NaN")
				}
			}
		})
		b.Run("crc+nan/"+dtype.String(), func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				if crc32.ChecksumIEEE(p) == 0 || HasNaN(p, dtype) {
					b.Fatal("NaN")
				}
			}
		})
	}
}

// BenchmarkCast counts the bytes that are read.
func BenchmarkCast(b *testing.B) {
	all := []DType{Float32, BFloat16, Float16}
	for _, from := range all {
		for _, to := range all {
			if from == to {
				continue
			}
			b.Run(from.String()+"-"+to.String(), func(b *testing.B) {
				p := weights(from, 1<<16)
				out := make([]byte, 1<<16*to.Size())
				convert := caster(from, to)
				b.SetBytes(int64(len(p)))
				for b.Loop() {
					convert(out, p)
				}
			})
		}
	}
}

// BenchmarkGather turns a matrix of 64 MB that lies in its file column by column,
// in bands of rows as a conversion reads them. It counts the bytes that come out.
func BenchmarkGather(b *testing.B) {
	path := filepath.Join(b.TempDir(), "weights")
	const rows, width = 8192, 2048
	if err := os.WriteFile(path, weights(Float32, rows*width), 0o644); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	file := &File{Path: path, Name: "weights", Size: info.Size(), ModTime: info.ModTime()}
	files, err := OpenFiles([]Tensor{{File: file}})
	if err != nil {
		b.Fatal(err)
	}
	defer files.Close()
	for _, dtype := range []DType{Float32, BFloat16} {
		b.Run("float32-"+dtype.String(), func(b *testing.B) {
			turned := &Tensor{DType: Float32, Shape: []int64{rows, width}, Stride: []int64{1, rows}, File: file}
			content := &Content{DType: dtype, Parts: []*Tensor{turned}}
			g, p := NewGatherer(files), make([]byte, 4<<20)
			b.SetBytes(content.Bytes())
			for b.Loop() {
				for off := int64(0); off < content.Bytes(); off += int64(len(p)) {
					if err := g.Read(p, content, off); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
