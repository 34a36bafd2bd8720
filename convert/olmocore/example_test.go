package olmocore_test

import (
	"fmt"

	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/trainer"
	"hf2olmo/keymap"
)

// The files of a checkpoint are laid out from values. This one has no tensors.
func ExampleSide() {
	side := olmocore.Side{}
	path, err := side.FolderPath("", "/checkpoints", "tiny")
	if err != nil {
		fmt.Println(err)
		return
	}
	files, err := side.Files(&trainer.Inputs{Folder: path, Model: "tiny",
		Document: keymap.Object{{Name: "model", Value: keymap.Object{{Name: "d_model", Value: 64}}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range files.Small {
		fmt.Println(f.Name)
	}
	fmt.Print(string(files.Small[0].Data))
	for _, line := range side.Advice(path) {
		fmt.Println(line)
	}
	// Output:
	// config.json
	// train.py
	// model_and_optim/.metadata
	// .metadata
	// {
	//   "model": {
	//     "d_model": 64
	//   }
	// }
	// TrainerConfig(load_path="/checkpoints/tiny/step0", ...)
	// config = json.load(open("/checkpoints/tiny/step0/config.json"))
	// model = TransformerConfig.from_dict(config["model"]).build()
}
