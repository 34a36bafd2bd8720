package verify

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
	"hf2olmo/convert/unshard"
)

// A place is where one of two is that are compared.
type place struct {
	path string      // as the user gave it
	dir  string      // of a checkpoint: its folder, the latest step of a run
	kind native.Kind // "" of a model of Hugging Face
}

// findSource finds the reference.
func findSource(path string) place {
	if unshard.Accepts(path) && !hf.IsRun(path) {
		return checkpointAt(path, native.Find(path))
	}
	if regular.Is(filepath.Join(path, configFile)) && native.Recognize(path) == native.Unsharded {
		return place{path: path} // a model.pt that somebody put there
	}
	return find(path)
}

// findJudged finds what is compared with the reference: the suffix of an unsharded checkpoint may
// be left out.
func findJudged(path string) (place, error) {
	if _, err := os.Stat(path); err != nil {
		dir, err := findFolder(path)
		if err == nil {
			return find(dir), nil
		}
		id, _, _ := strings.Cut(path, "@") // of a revision
		if _, open := hf.Open(path); hf.IsID(id) && open == nil {
			return place{path: path}, nil
		}
		return place{}, err
	}
	return find(path), nil
}

// configFile is in the folder of every model of Hugging Face, and in OLMo-core's checkpoints.
const configFile = olmocore.ConfigFile

// find finds what a path is that exists.
func find(path string) place {
	if hf.IsRun(path) {
		return place{path: path}
	}
	dir := native.Find(path)
	if above, err := findFolder(path); err == nil && dir != "" && native.Recognize(above) == native.CoreTrainer {
		dir = above // of the folder of the tensors
	}
	return checkpointAt(path, dir)
}

func checkpointAt(path, dir string) place {
	return place{path: path, dir: dir, kind: native.Recognize(dir)}
}

// target is the trainer of a checkpoint, as package targets names it; "" of a model.
func (p *place) target() string {
	switch p.kind {
	case "":
		return ""
	case native.CoreTrainer:
		return "olmo-core"
	}
	return "olmo"
}

// converted reports whether a folder is what conversions of models write: the whole of it can be
// compared, not only the model.
func (p *place) converted() bool {
	_, indexed := olmocore.Index(p.dir)
	return p.kind == native.CoreTrainer && indexed || p.unsharded()
}

func (p *place) unsharded() bool {
	return p.kind == native.Unsharded && regular.Is(filepath.Join(p.dir, olmo.ModelFile))
}

// madeOf reports whether a folder was made of a source, by its manifest: of the folder itself, or of a
// checkpoint with the same files, which the source may have been before it was moved.
func (p *place) madeOf(source *place) bool {
	recorded := folder.ReadManifest(p.folder())
	dir := source.folder()
	if recorded == nil || dir == "" {
		return false
	}
	return recorded.Source == dir || source.kind != "" && len(recorded.Sources) > 0 &&
		!slices.ContainsFunc(recorded.Sources, func(s folder.State) bool {
			info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(s.Name)))
			return err != nil || s.ModTime != nil && info.Size() != s.Size // others may have been edited
		})
}

// folder is the place's absolute path without links, "" if there is no such folder.
func (p *place) folder() string {
	dir := p.dir
	if p.kind == "" {
		dir = p.path
		if info, err := os.Stat(dir); err != nil || !info.IsDir() { // a file, or an id of the hub's cache
			model, err := hf.Open(p.path)
			if err != nil {
				return ""
			}
			dir = model.Dir
		}
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(full); err == nil {
		return real
	}
	return full
}

// A side is one of two that are compared, opened: a model of Hugging Face, or a checkpoint.
type side struct {
	place
	model *hf.Model          // nil of a checkpoint
	saved *native.Checkpoint // nil of a model
}

// open reads the headers of a side; of a checkpoint also those of its optimizer, if they will
// be compared.
func open(ctx context.Context, p place, optimizer bool, o Options) (*side, error) {
	s := &side{place: p}
	if p.kind == "" {
		options := []hf.Option{hf.Like(o.Like)}
		if o.NoFollow {
			options = append(options, hf.NoFollow)
		}
		var err error
		if s.model, err = hf.Open(p.path, options...); err != nil {
			return nil, notAModel(p.path, err)
		}
		return s, nil
	}
	if o.NoFollow {
		if err := regular.NoLinksOut(p.dir); err != nil {
			return nil, err
		}
	}
	read := native.OpenModel
	if optimizer {
		read = native.Open
	}
	var err error
	s.saved, err = read(ctx, p.dir)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return s, err
}

// within says in which of the two what is wrong is: both may have files of these names.
func (p *place) within(err error) error {
	dir := p.path
	switch {
	case p.kind != "":
		dir = p.dir
	case regular.Is(dir):
		dir = filepath.Dir(dir)
	}
	var faults fault.List
	faults.Add(dir, err)
	for _, f := range faults {
		inside := strings.HasPrefix(f.File, filepath.Clean(dir)+"/")
		if f.File != p.path && f.File != dir && !inside && filepath.IsLocal(f.File) {
			f.File = filepath.Join(dir, f.File)
		}
	}
	return faults.Err()
}

// notAModel says what a path is that is neither a model nor a checkpoint, as far as that is known.
func notAModel(path string, err error) error {
	above := filepath.Dir(path)
	if native.Recognize(above) != "" && !regular.Is(filepath.Join(above, configFile)) && regular.Is(path) {
		return &fault.Fault{File: path, Problem: "is a file of a checkpoint", Hint: "Give its folder: " + above}
	}
	unfinished, _ := filepath.Glob(filepath.Join(path, "step*-tmp"))
	if len(unfinished) > 0 {
		return &fault.Fault{File: path, Problem: "is a run that has saved no checkpoint yet: the trainer was writing " +
			filepath.Base(unfinished[0]), Hint: "Wait for the run, or give a checkpoint of it that is complete."}
	}
	return err
}

// files are those whose checksums are compared.
func (s *side) files() []*tensor.File {
	if s.model != nil {
		return s.model.Files
	}
	return s.saved.Files
}

// sources are all tensors of the side, as they are in its files.
func (s *side) sources() []tensor.Tensor {
	if s.model != nil {
		return append(s.model.Tensors[:len(s.model.Tensors):len(s.model.Tensors)], s.model.Again...)
	}
	var all []tensor.Tensor
	for _, t := range s.saved.Tensors() {
		all = append(all, t.Tensor)
	}
	return all
}

// absolute is the path of the side in results.
func (s *side) absolute() string {
	dir := s.dir
	if s.model != nil {
		dir = s.model.Dir
	}
	if full, err := filepath.Abs(dir); err == nil {
		return full
	}
	return dir
}
