package olmo_test

import (
	"fmt"
	"strings"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// The files of a checkpoint are laid out from values. This one has no tensors.
func ExampleSide() {
	side := olmo.Side{}
	path, err := side.FolderPath("/checkpoints/tiny", "", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	files, err := side.Files(&trainer.Inputs{Folder: path, Model: "tiny", Source: "org/tiny", Tokenizer: "gpt2",
		Config: []keymap.Setting{{Name: "d_model", Value: 64}, {Name: "n_heads", Value: 4},
			{Name: "n_layers", Value: 2}, {Name: "mlp_hidden_size", Value: 256}, {Name: "layer_norm_with_affine", Value: false},
			{Name: "attention_layer_norm", Value: false}, {Name: "vocab_size", Value: 96}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range files.Large {
		fmt.Println(f.Name)
	}
	for _, f := range files.Small {
		fmt.Println(f.Name)
		if f.Name == olmo.ConfigFile {
			_, model, _ := strings.Cut(string(f.Data), "\nmodel:\n")
			fmt.Println(model[:strings.Index(model, "\n\n")])
		}
	}
	fmt.Println(strings.ReplaceAll(side.Command(path), " --", " \\\n  --"))
	// Output:
	// model.pt
	// config.yaml
	//   d_model: 64
	//   n_heads: 4
	//   n_layers: 2
	//   mlp_hidden_size: 256
	//   layer_norm_with_affine: false
	//   attention_layer_norm: false
	//   vocab_size: 96
	// train.pt
	// torchrun \
	//   --nproc_per_node=8 scripts/train.py /checkpoints/tiny-unsharded/config.yaml \
	//   --data.paths='[...]' \
	//   --save_folder=...
}
