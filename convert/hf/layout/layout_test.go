package layout_test

import (
	"fmt"
	"log"
	"slices"
	"testing"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/hf/layout"
	"hf2olmo/convert/tensor"
)

// named returns tensors of so many bytes each.
func named(sizes ...int64) (tensors []assemble.Tensor) {
	for i, size := range sizes {
		shape := []int64{size / 2}
		tensors = append(tensors, assemble.Tensor{Name: fmt.Sprint("t", i), Shape: shape,
			Content: tensor.Content{DType: tensor.BFloat16, Parts: []*tensor.Tensor{{DType: tensor.BFloat16, Shape: shape}}}})
	}
	return tensors
}

// Tensors are put into shards in their order; one that is larger than a shard gets its own.
func ExampleWeights() {
	files, index, err := layout.Weights(named(600, 400, 2, 5000, 10), 1000)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println(f.Name, "has", len(f.Runs))
	}
	fmt.Println(len(index) > 0)
	// Output:
	// model-00001-of-00004.safetensors has 2
	// model-00002-of-00004.safetensors has 1
	// model-00003-of-00004.safetensors has 1
	// model-00004-of-00004.safetensors has 1
	// true
}

func TestWeights(t *testing.T) {
	for _, c := range []struct {
		sizes []int64
		most  int64
		want  []int
	}{
		{[]int64{10, 20}, 30, []int{2}}, {[]int64{10, 20}, 29, []int{1, 1}}, {[]int64{10}, 1, []int{1}}, {nil, 1, []int{0}},
	} {
		files, index, err := layout.Weights(named(c.sizes...), c.most)
		var got []int
		for _, f := range files {
			got = append(got, len(f.Runs))
		}
		if err != nil || !slices.Equal(got, c.want) || (index != nil) != (len(files) > 1) {
			t.Errorf("%v: %v, %s, %v", c, got, index, err)
		}
		if len(files) == 1 && files[0].Name != layout.WeightsFile {
			t.Error(files[0].Name)
		}
	}
}

func TestIsShard(t *testing.T) {
	for name, want := range map[string]bool{"model-00001-of-00002.safetensors": true, "model-1-of-2.safetensors": false,
		"model.safetensors": false, "model-00001-of-00002.safetensors.bak": false,
		"x/model-00001-of-00002.safetensors": false} {
		if layout.IsShard(name) != want {
			t.Error(name)
		}
	}
}
