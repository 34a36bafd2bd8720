package convert

import (
	"hf2olmo/convert/hf"
	"hf2olmo/convert/output"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// Options are what the user chose.
type Options struct {
	Target    string         // the trainer, as package keymap names it; "" for the one of Keymap, or "olmo"
	Output    string         // the checkpoint folder; "" for one in Into that is called after the model
	Into      string         // the folder that receives it; "" for the working directory
	DType     tensor.DType   // of all tensors; Invalid keeps each as it is
	AllowNaN  bool           // let NaN through
	Like      string         // the model whose config.json and tokenizer weights without them take; "" for none
	NoFollow  bool           // refuse links that lead out of the model's folder, or of the checkpoint's
	Tokenizer string         // what config.yaml names; "" for the copy of the model's tokenizer.json
	Keymap    *keymap.Table  // in place of the bundled table of the family; nil for that
	Folder    output.Options // how the folder is written; its Names and Source are set here
}

// target is the name of the trainer that is converted for.
func (o *Options) target() string {
	switch {
	case o.Target != "":
		return o.Target
	case o.Keymap != nil:
		return o.Keymap.Target
	}
	return "olmo"
}

// opening are the options with which the model is opened.
func (o *Options) opening() []hf.Option {
	options := []hf.Option{hf.Like(o.Like)}
	if o.NoFollow {
		options = append(options, hf.NoFollow)
	}
	return options
}
