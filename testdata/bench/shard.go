package main

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// A format is a container of weights, and how its files are called.
type format struct {
	shard, index string
	lay          func([]weight, tensor.DType) (*layout, error)
}

var (
	safetensors = format{"model-%05d-of-%05d.safetensors", "model.safetensors.index.json", laySafetensors}
	torchZip    = format{"pytorch_model-%05d-of-%05d.bin", "pytorch_model.bin.index.json", layZip}
	torchLegacy = format{"pytorch_model-%05d-of-%05d.bin", "pytorch_model.bin.index.json", layLegacy}
)

// A layout has the offsets of the weights in a shard, and all its other bytes.
type layout struct {
	size    int64
	offsets []int64
	rest    func(sums []uint32) []torchfile.Piece
}

func laySafetensors(ws []weight, dtype tensor.DType) (*layout, error) {
	names := map[tensor.DType]string{tensor.Float32: "F32", tensor.BFloat16: "BF16", tensor.Float16: "F16"}
	header, at := map[string]any{"__metadata__": map[string]string{"format": "pt"}}, int64(0)
	var offsets []int64
	for _, w := range ws {
		end := at + w.numel()*dtype.Size()
		header[w.name] = map[string]any{"dtype": names[dtype], "shape": w.shape, "data_offsets": []int64{at, end}}
		offsets = append(offsets, at)
		at = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	head := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	for i := range offsets {
		offsets[i] += int64(len(head))
	}
	return &layout{at + int64(len(head)), offsets, func([]uint32) []torchfile.Piece {
		return []torchfile.Piece{{Data: head}}
	}}, nil
}

func layZip(ws []weight, dtype tensor.DType) (*layout, error) {
	var dict pickle.Dict
	for _, w := range ws {
		dict = append(dict, pickle.Item{Key: w.name, Value: torchfile.Tensor{DType: dtype, Shape: w.shape}})
	}
	plan, err := torchfile.Plan("archive", dict)
	if err != nil {
		return nil, err
	}
	l := &layout{size: plan.Size, rest: plan.Frame}
	for _, s := range plan.Storages {
		l.offsets = append(l.offsets, s.Offset)
	}
	return l, nil
}

// writeShard writes one file of a model: weights at random, or holes.
func writeShard(path string, m model, ws []weight) error {
	l, err := m.format.lay(ws, m.dtype)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(l.size); err != nil {
		return err
	}
	sums := make([]uint32, len(ws))
	if !m.sparse {
		random := rand.NewPCG(1, uint64(len(path)))
		for i, w := range ws {
			if sums[i], err = writeRandom(f, l.offsets[i], w.numel(), m.dtype, random); err != nil {
				return err
			}
		}
	}
	for _, piece := range l.rest(sums) {
		if _, err := f.WriteAt(piece.Data, piece.Offset); err != nil {
			return err
		}
	}
	return f.Close()
}

// writeRandom writes n elements between -0.05 and 0.05, spread evenly, and returns their CRC.
func writeRandom(f *os.File, at, n int64, dtype tensor.DType, random *rand.PCG) (sum uint32, err error) {
	const block = 1 << 16
	buffer := make([]byte, 0, block*dtype.Size())
	for ; n > 0; n -= block {
		buffer = buffer[:0]
		for range min(n, block) / 2 {
			two := random.Uint64()
			for _, r := range [2]int32{int32(two), int32(two >> 32)} {
				bits := math.Float32bits(float32(r) * (0.05 / (1 << 31)))
				if dtype == tensor.Float32 {
					buffer = binary.LittleEndian.AppendUint32(buffer, bits)
				} else {
					buffer = binary.LittleEndian.AppendUint16(buffer, uint16(bits>>16))
				}
			}
		}
		if _, err := f.WriteAt(buffer, at); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, buffer)
		at += int64(len(buffer))
	}
	return sum, nil
}
