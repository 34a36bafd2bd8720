package export

import (
	"context"
	"path/filepath"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/hf"
	"hf2olmo/convert/middle"
	"hf2olmo/convert/native"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/output"
	"hf2olmo/convert/regular"
)

// A source is what is exported.
type source struct {
	model *middle.Model
	like  *hf.Reference // of --like, nil for none
	run   *hf.Model     // of a Hugging Face trainer, nil for other checkpoints
}

// open opens a checkpoint of AI2's trainers, or what the ranks of a Hugging Face trainer saved. The source
// is nil if it cannot be read.
func open(ctx context.Context, path string, o *Options) (*source, error) {
	s := &source{}
	var err error
	if saved := hf.Saved(path); saved != "" && (hf.IsRun(path) || native.Find(path) == "") {
		if s.run, err = hf.Open(saved, append(opening(o), hf.Like(o.Like))...); err != nil {
			return nil, err
		}
		s.model, err = middle.OfRun(s.run, middle.Options{DType: o.DType})
		return s, err
	}
	options := middle.Options{DType: o.DType, NoFollow: o.NoFollow}
	if o.Like != "" {
		if options.Like, err = s.openLike(ctx, o); err != nil {
			return nil, err
		}
	}
	if s.model, err = middle.Open(ctx, path, options); s.model == nil {
		return nil, err
	}
	return s, err
}

// opening are the options with which a model of Hugging Face is opened.
func opening(o *Options) (options []hf.Option) {
	if o.NoFollow {
		options = append(options, hf.NoFollow)
	}
	return options
}

// openLike opens the model that was trained: a download, or a folder that hf2olmo wrote for a trainer.
func (s *source) openLike(ctx context.Context, o *Options) (*middle.Like, error) {
	name := o.Like
	path := name
	if dir, err := olmo.FolderPath(name); err == nil && native.Recognize(dir) != "" && native.Recognize(name) == "" {
		path = dir // given without -unsharded
	}
	if latest, _ := native.Latest(path); latest != "" {
		path = latest // of a run
	}
	r, err := hf.OpenReference(path, opening(o)...)
	if err != nil {
		return nil, ofLike(name, err)
	}
	if r.Dir, err = filepath.Abs(r.Dir); err != nil {
		return nil, ofLike(name, err)
	}
	s.like = r
	if r.ConfigFault != nil {
		return nil, ofLike(name, r.ConfigFault)
	}
	if r.Config != nil {
		return &middle.Like{Name: name, Config: r.Config}, nil
	}
	if native.Recognize(path) == "" {
		return nil, &fault.Fault{File: "--like " + name, Problem: "contains no config.json of a Hugging Face model",
			Hint: "Name the downloaded model that was trained: its folder, or its id in the Hugging Face cache."}
	}
	m, err := middle.Open(ctx, path, middle.Options{NoFollow: o.NoFollow})
	if err != nil {
		return nil, ofLike(name, err)
	}
	return middle.LikeOf(name, m), nil
}

// ofLike says of what is wrong with the model of --like where it is.
func ofLike(name string, err error) error {
	var faults fault.List
	faults.Add("", err)
	for _, f := range faults {
		if f.File != name {
			f.File = filepath.Join("--like "+name, f.File)
		} else {
			f.File = "--like " + name
		}
	}
	return faults
}

// configPaths are the config files that the export is made from.
func (s *source) configPaths() (paths []string) {
	if s.run != nil {
		paths = append(paths, s.run.ConfigPath())
		if s.run.Index != "" {
			paths = append(paths, filepath.Join(s.run.Dir, s.run.Index))
		}
		return paths
	}
	if path := filepath.Join(s.model.Checkpoint.Path, s.model.ConfigFile); regular.Is(path) {
		paths = append(paths, path)
	}
	return paths
}

// likeConfig identifies the config.json of --like; "" if there is none.
func (s *source) likeConfig() (string, error) {
	if s.like == nil || s.like.ConfigPath() == "" {
		return "", nil
	}
	state, err := output.HashFile(s.like.ConfigPath())
	return state.Hash, err
}
