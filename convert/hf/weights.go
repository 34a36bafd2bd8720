package hf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/safetensors"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/torchfile"
)

// readWeights finds the weights files and reads the header of each.
func (o *opening) readWeights() {
	if o.folder.run != nil {
		o.readRun()
		return
	}
	c := chooser{o.folder, o.model.Config, o.warn}
	weights, bad := c.choose()
	o.model.Suspect = weights.suspect
	if bad != nil {
		o.add(bad)
		return
	}
	if o.folder.names["adapter_config.json"] {
		o.warn("adapter_config.json is beside the weights: the adapter (PEFT, LoRA) is not merged into what is converted")
	}
	files, x := []string{weights.name}, (*index)(nil)
	if weights.isIndex {
		o.model.Index = weights.name
		if x = o.readIndex(weights.name); x == nil {
			return
		}
		files = x.files()
		if bad := x.lost(o.folder); bad != nil {
			if o.add(bad); !bad.Lead {
				return
			}
		}
	}
	found := map[string]string{}  // tensor → the file that it was found in
	readable := map[string]bool{} // files without faults
	for _, file := range files {
		tensors, err := o.readFile(file)
		if err != nil {
			o.addAll(file, err)
			continue
		}
		readable[file] = true
		if len(o.model.Tensors)+len(o.model.Again)+len(tensors) > tensor.MaxTensors {
			o.add(tooMany(file))
			return
		}
		for _, t := range tensors {
			if _, twice := found[t.Name]; twice {
				o.model.Again = append(o.model.Again, t)
				continue
			}
			found[t.Name] = file
			o.model.Tensors = append(o.model.Tensors, t)
		}
	}
	if x != nil {
		o.checkIndex(x, found, readable)
	}
}

// readFile reads the header of one weights file, whose format is recognized by its content, not its name.
func (o *opening) readFile(name string) ([]tensor.Tensor, error) {
	f, file, bad := o.folder.openWeights(name)
	if bad != nil {
		return nil, bad
	}
	defer f.Close()
	tensors, err := readContent(f, file)
	if err != nil {
		return nil, advise(o.folder, err, name)
	}
	if len(tensors) == 0 {
		return nil, &fault.Fault{File: name, Problem: "contains no tensors", Hint: o.folder.download(name)}
	}
	if warning := file.Unsummed(); warning != "" {
		o.warn(warning)
	}
	o.model.Files = append(o.model.Files, file)
	return tensors, nil
}

// tooMany is the fault of a model with more tensors than any has.
func tooMany(file string) *fault.Fault {
	return &fault.Fault{File: file,
		Problem: fmt.Sprintf("the model has more than %d tensors, which none needs", tensor.MaxTensors)}
}

// others are the first bytes of files that people rename to .safetensors.
var others = []struct{ magic, what string }{
	{"GGUF", "a GGUF file, made for llama.cpp"},
	{"\x89HDF", "an HDF5 file, such as TensorFlow writes"},
	{"\x1f\x8b", "a gzip archive"},
	{"\x28\xb5\x2f\xfd", "a zstd archive"},
}

// isTorch reports whether a file begins as torch.save writes it: a zip, or a pickle.
func isTorch(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("\x80\x02"))
}

func readContent(f *os.File, file *tensor.File) ([]tensor.Tensor, error) {
	head := make([]byte, safetensors.LengthSize+1)
	n, _ := f.ReadAt(head, 0) // a read error shows again below
	head = head[:n]
	// The first eight bytes of safetensors are a length, which may happen to begin
	// like another format's magic; the ninth is a brace.
	if n <= safetensors.LengthSize || head[safetensors.LengthSize] != '{' {
		if ext := path.Ext(file.Name); ext != safeEnding && isWeightsName(file.Name) || isTorch(head) {
			return torchfile.Open(f, file)
		}
		for _, o := range others {
			if bytes.HasPrefix(head, []byte(o.magic)) {
				return nil, &fault.Fault{File: file.Name, Problem: "is " + o.what + ", neither safetensors nor PyTorch's format"}
			}
		}
	}
	return safetensors.Open(f, file)
}

// advise adds to faults of a file's content what nearly always cures them.
func advise(d *modelFolder, err error, name string) error {
	var l fault.List
	l.Add(name, err)
	for _, f := range l {
		if f.File == "" {
			f.File = name
		}
		if f.Hint == "" && f.Tensor == "" {
			f.Hint = d.download(name)
		}
	}
	return l
}

func (o *opening) addAll(name string, err error) {
	var bad *fault.Fault
	if errors.As(err, &bad) {
		o.add(bad)
		return
	}
	o.faults.Add(name, err)
}
