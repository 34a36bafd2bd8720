package tokenizers_test

import (
	"fmt"
	"log"
	"os"

	"hf2olmo/convert/tokenizers"
)

// How many tokens a model's tokenizer has, and the id of one of them.
func ExampleRead() {
	f, err := os.Open("testdata/tokenizers/bpe.json")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	t, err := tokenizers.Read(f, "<eos>")
	if err != nil {
		log.Fatal(err)
	}
	eos, _ := t.TokenID("<eos>")
	fmt.Println(t.VocabSize, "tokens, the largest id is", t.LargestID())
	fmt.Println("<eos> is", eos)
	// Output:
	// 11 tokens, the largest id is 10
	// <eos> is 8
}
