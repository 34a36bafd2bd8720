package hf_test

import (
	"fmt"
	"log"

	"hf2olmo/convert/hf"
)

// A model's headers are read, and nothing of its tensors.
func ExampleOpen() {
	model, err := hf.Open("testdata/sharded")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Config["model_type"], "in", len(model.Files), "files")
	first := model.Tensors[0]
	fmt.Println(first.Name, first.DType, first.Shape, "at byte", first.Offset, "of", first.File.Name)
	// Output:
	// llama in 3 files
	// lm_head.weight bfloat16 [16 8] at byte 112 of model-00003-of-00003.safetensors
}

// What is wrong with a model comes with a hint.
func ExampleOpen_errors() {
	_, err := hf.Open("./not-there")
	fmt.Println(err)
	// Output: ./not-there: does not exist
}
