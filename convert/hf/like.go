package hf

import (
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tokenizers"
)

// Like names a model, by a path or an id of the hub's cache, whose config.json and
// tokenizer are taken if the weights have none beside them.
func Like(model string) Option { return func(p *place) { p.like = model } }

// NeedsLike is what to do about weights without a config.json, as sharded runs leave them.
const NeedsLike = "Name the model that was trained, whose config.json and tokenizer are taken: --like MODEL " +
	"(its folder, or its id in the Hugging Face cache)."

// findConfig finds the folders that the config and the tokenizer are in: that of the
// weights, one inside or beside it where a trainer puts them, or that of the model of Like.
func (o *opening) findConfig() *fault.Fault {
	o.config, o.tokenizer = o.folder, o.folder
	folders := o.folder.describing()
	own := len(folders)
	if like := o.folder.like; like != "" {
		where, bad := locate(like)
		if bad == nil {
			where.noFollow = o.folder.noFollow
			bad = where.linksOut()
		}
		var d *modelFolder
		if bad == nil {
			d, bad = list(where)
		}
		if bad != nil {
			bad.File = "--like " + like
			return bad
		}
		folders = append(folders, d.describing()...)
	}
	config := slices.IndexFunc(folders, func(d *modelFolder) bool { return d.names[configName] })
	tokenizer := slices.IndexFunc(folders, func(d *modelFolder) bool { return d.names[tokenizers.FileName] })
	if config < 0 && o.folder.like != "" {
		return &fault.Fault{File: "--like " + o.folder.like, Problem: "contains no " + configName,
			Hint: "Name the downloaded model that was trained: its folder, or its id in the Hugging Face cache."}
	}
	if config >= 0 {
		o.config = folders[config]
	}
	if tokenizer >= 0 {
		o.tokenizer = folders[tokenizer]
	} else if config >= 0 && !o.folder.names[tokenizers.SettingsFile] {
		o.tokenizer = o.config
	}
	if own < len(folders) && config < own && tokenizer < own {
		o.warn("--like " + o.folder.like + " is not used: it has no config.json or tokenizer that " +
			o.model.Source + " lacks")
	}
	o.model.configDir = o.config.dir
	if o.tokenizer != o.folder {
		o.model.Repo = o.tokenizer.repo
	}
	return nil
}

// describing returns the folders in which the config and the tokenizer of a model may be.
func (d *modelFolder) describing() []*modelFolder {
	folders := []*modelFolder{d}
	if d.run == nil || !d.names[innerFolder] {
		return folders
	}
	where := d.place
	where.dir, where.run = d.path(innerFolder), nil
	if d.noFollow && regular.Outside(d.dir, where.dir) != "" {
		return folders // the link is refused when the weights are read
	}
	inner, bad := list(where)
	if bad != nil {
		return folders
	}
	inner.called = innerFolder + "/"
	return []*modelFolder{inner, d}
}
