// Package hf opens a model that somebody downloaded from Hugging Face: its
// config.json, its index, its shards and its tokenizer. Headers are read, tensor
// data never; what comes out are tensors that know where their bytes are.
// Nothing is ever downloaded and nothing in a file is executed.
//
// Faults name files as they are called inside the model's folder, such as
// "model-00001-of-00003.safetensors"; only faults of the path itself name the path.
package hf

import (
	"path/filepath"
	"sort"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/sharded"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/tokenizers"
)

// A Model is a downloaded model whose every header has been read and checked.
type Model struct {
	Source    string                // as the user gave it
	Dir       string                // folder that contains the weights, and nearly always config.json
	Name      string                // what default outputs are called, never empty and without a slash
	Repo      string                // "org/name" if the tokenizer is in the hub's cache, else ""
	Config    map[string]any        // config.json: int64 for an integer literal that fits, else float64
	Files     []*tensor.File        // weights files in name order
	Tensors   []tensor.Tensor       // sorted by name, names unique
	Index     string                // name of the index file, or ""
	Tokenizer *tokenizers.Tokenizer // nil if there is no tokenizer.json
	Warnings  []string              // what is odd but does no harm, one line each

	// Shards are the tensors of a sharded run, with what replicas saved; nil for any other model.
	Shards []*sharded.Tensor
	// Beside are the small files that go along with the model, as far as transformers could read
	// them: those of the tokenizer are all of one folder.
	Beside []tokenizers.File

	// Again are tensors whose names an earlier shard has too. They may be left out if
	// their bits are the same.
	Again []tensor.Tensor
	// Placed says in which shard the index places a tensor that is in none.
	Placed map[string]string
	// Suspect is what the weights' name says that they are, if not a whole model; nil if nothing.
	Suspect *fault.Fault
	// ZeroScript reports that DeepSpeed's zero_to_fp32.py is in the folder.
	ZeroScript bool

	configDir string
	sides     map[string]map[string]any // the small JSON files beside config.json that are there
}

// An opening gathers what Open finds, faults among it, so that all are reported at once.
type opening struct {
	folder    *modelFolder // of the weights
	config    *modelFolder // of config.json, nearly always the same
	tokenizer *modelFolder // of the tokenizer, nearly always the same
	model     *Model
	faults    fault.List
}

// Open reads the headers of the model at path: a folder, a weights file with its
// config.json beside it, an index file, a sharded run of a trainer, a repository or a
// snapshot of the hub's cache, or the id of a model in that cache ("org/name", "name",
// "org/name@revision").
// A path that exists wins over an id. The error is a fault.List with all that is wrong.
func Open(path string, options ...Option) (*Model, error) {
	o, bad := newOpening(path, options)
	if bad != nil {
		return nil, fault.List{bad}
	}
	if bad := notAModel(o.folder); bad != nil {
		return nil, fault.List{bad}
	}
	o.model.ZeroScript = o.folder.names[zeroScript]
	o.readConfig()
	o.readWeights()
	o.readSides() // which name the tokens that the tokenizer is asked for
	o.readTokenizer()
	if suspect := o.model.Suspect; suspect != nil && len(o.faults) > 0 {
		o.add(&fault.Fault{File: o.folder.weights, Problem: suspect.Problem, Hint: suspect.Hint, Lead: true})
	}
	if err := o.faults.Err(); err != nil {
		return nil, err
	}
	sort.Slice(o.model.Tensors, func(i, j int) bool { return o.model.Tensors[i].Name < o.model.Tensors[j].Name })
	return o.model, nil
}

// newOpening finds the model that path means, and lists its folder.
func newOpening(path string, options []Option) (*opening, *fault.Fault) {
	where, bad := locate(path)
	if bad != nil {
		return nil, bad
	}
	for _, option := range options {
		option(&where)
	}
	if bad := where.linksOut(); bad != nil {
		return nil, bad
	}
	folder, bad := list(where)
	if bad != nil {
		return nil, bad
	}
	model := &Model{Source: path, Dir: where.dir, Name: where.name, Repo: where.repo}
	o := &opening{folder: folder, model: model}
	return o, o.findConfig()
}

// ConfigPath returns where config.json is.
func (m *Model) ConfigPath() string { return filepath.Join(m.configDir, configName) }

// Shapes returns the shapes of the tensors, by name.
func (m *Model) Shapes() map[string][]int64 {
	shapes := make(map[string][]int64, len(m.Tensors))
	for i := range m.Tensors {
		shapes[m.Tensors[i].Name] = m.Tensors[i].Shape
	}
	return shapes
}

func (o *opening) add(f *fault.Fault) { o.faults = append(o.faults, f) }

func (o *opening) warn(line string) { o.model.Warnings = append(o.model.Warnings, line) }
