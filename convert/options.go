package convert

import (
	"hf2olmo/convert/assemble"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/tensor"
	"hf2olmo/keymap"
)

// Options are what the user chose.
type Options struct {
	Target    string            // the trainer, as package keymap names it; "" for the one of Keymap, or "olmo"
	Output    string            // the checkpoint folder; "" for one in Into that is called after the model
	Into      string            // the folder that receives it; "" for the working directory
	DType     tensor.DType      // of all tensors; Invalid keeps each as it is
	Force     bool              // replace an earlier conversion
	AllowNaN  bool              // let NaN through
	Like      string            // the model whose config.json and tokenizer weights without them take; "" for none
	NoFollow  bool              // refuse links that lead out of the model's folder, or of the checkpoint's
	Tokenizer string            // what config.yaml names; "" for the copy of the model's tokenizer.json
	Keymap    *keymap.Table     // in place of the bundled table of the family; nil for that
	Jobs      int               // how many pieces are copied at once; 0 for as many as suits
	NoClone   bool              // copy also where the file system could share the source's blocks
	Progress  assemble.Progress // of the copy; nil for none
	Waiting   func(string)      // called if another process is writing the output; nil for none

	// Claim is asked whether an output, by its absolute path, may be this model's; nil for yes.
	Claim func(output string) error
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
