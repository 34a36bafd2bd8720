package hf

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/safetensors"
)

// A place is where a model is.
type place struct {
	dir      string // folder that contains config.json
	weights  string // name of the one weights file that was asked for, or ""
	index    string // name of the index that was asked for, or ""
	name     string // what default outputs are called
	repo     string // "org/name" if dir is a snapshot in the hub's cache, else ""
	revision string // commit of that snapshot
	within   string // the repository that the snapshot was found in, "" if the user gave dir itself
	noFollow bool   // see NoFollow
	like     string // see Like
	run      *run   // the sharded model that dir contains, nil for any other
}

// linksOut refuses a snapshot that is a link out of its repository, with NoFollow.
func (p place) linksOut() *fault.Fault {
	if !p.noFollow || p.within == "" {
		return nil
	}
	if target := regular.Outside(p.within, p.dir); target != "" {
		return regular.LinkOut(p.dir, target)
	}
	return nil
}

// locate finds what path means: something on disk, or else a model in the hub's cache.
func locate(path string) (place, *fault.Fault) {
	if path == "" {
		return place{}, &fault.Fault{Problem: "the model's name is empty",
			Hint: "Give a folder, a weights file, or the id of a model in the Hugging Face cache."}
	}
	if strings.Contains(path, "://") {
		return place{}, &fault.Fault{File: path, Problem: "is an address, and nothing is ever downloaded",
			Hint: "Download it first (hf download ORG/NAME), then give ORG/NAME, or the folder."}
	}
	info, err := os.Stat(path)
	if err != nil {
		if _, lerr := os.Lstat(path); lerr != nil && disk.Absent(err) && !looksLikePath(path) {
			return locateID(path)
		}
		return place{}, statFault(path, path, err)
	}
	switch {
	case info.IsDir():
		return locateDir(path)
	case info.Mode().IsRegular():
		return locateFile(path)
	}
	return place{}, &fault.Fault{File: path, Problem: "is " + kind(info.Mode()) + ", not a model",
		Hint: "Give a folder, a weights file, or the id of a model in the Hugging Face cache."}
}

// looksLikePath reports whether a path that is not there can hardly be a hub id.
func looksLikePath(path string) bool {
	id, _, _ := strings.Cut(path, "@")
	switch {
	case strings.ContainsRune("/.~", rune(path[0])), strings.Count(id, "/") > 1, strings.HasSuffix(id, "/"):
		return true
	}
	return isWeightsName(id) || strings.HasSuffix(id, ".json")
}

// locateDir takes a folder: of a model, or of a repository in the hub's cache.
func locateDir(path string) (place, *fault.Fault) {
	full, err := filepath.Abs(path)
	if err != nil {
		return place{}, &fault.Fault{File: path, Problem: err.Error()}
	}
	repo := full
	if filepath.Base(full) == "snapshots" {
		repo = filepath.Dir(full)
	}
	if isRepo(repo) {
		return locateRepo(repo, "")
	}
	if where, ok := locateRun(path); ok {
		return where, nil
	}
	return describe(path), nil
}

// locateFile takes a file: the weights themselves, under any name, or the index of their shards.
func locateFile(path string) (place, *fault.Fault) {
	base := filepath.Base(path)
	where := describe(filepath.Dir(path))
	switch {
	case isPartOfRun(path):
		return place{}, &fault.Fault{File: path, Problem: "is one part of a sharded model", Hint: "Give the folder."}
	case isIndexName(base):
		where.index = base
	case isWeightsName(base), looksLikeWeights(path):
		where.weights = base
	default:
		if f := foreignFile(base); f != nil {
			f.File = path
			return place{}, f
		}
		return place{}, &fault.Fault{File: path, Problem: "is neither a folder nor a file of safetensors or PyTorch",
			Hint: "Give the folder that contains config.json and the weights."}
	}
	return where, nil
}

// looksLikeWeights reports whether a file begins like weights. The rest is checked when it
// is read.
func looksLikeWeights(path string) bool {
	f, info, err := regular.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, safetensors.LengthSize+1)
	if n, _ := f.ReadAt(head, 0); n < len(head) {
		return false
	}
	length := binary.LittleEndian.Uint64(head)
	return isTorch(head) || head[safetensors.LengthSize] == '{' && length < uint64(info.Size())
}

// describe names the model in dir and finds out whether it is in the hub's cache.
func describe(dir string) place {
	where := place{dir: dir, name: "model"}
	full, err := filepath.Abs(dir)
	if err != nil {
		return where
	}
	if base := filepath.Base(full); base != string(filepath.Separator) && base != "." {
		where.name = base
	}
	if where.snapshot(full) {
		where.name = where.repo[strings.LastIndex(where.repo, "/")+1:]
	} else if real, err := filepath.EvalSymlinks(full); err == nil && !where.snapshot(real) &&
		real == full && blobsOf(full) != "" {
		where.name = filepath.Base(filepath.Dir(filepath.Dir(full))) // of a copied repository under another name
	} // a link to a snapshot keeps the name that its owner gave it
	return where
}

// snapshot fills in repo and revision if full is …/models--org--name/snapshots/<commit>.
func (p *place) snapshot(full string) bool {
	snapshots := filepath.Dir(full)
	id := repoID(filepath.Base(filepath.Dir(snapshots)))
	if filepath.Base(snapshots) != "snapshots" || id == "" {
		return false
	}
	p.repo, p.revision = id, filepath.Base(full)
	return true
}

var safeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// download says how to fetch a file of the model again. Names come from files that no one
// vouches for: one that a shell might obey is not put into a command.
func (p place) download(name string) string {
	switch {
	case p.run != nil:
		return copyWhole
	case !safeName.MatchString(name):
		return "Download the model again."
	case p.repo == "":
		return "Download it again, for example with `hf download ORG/NAME " + name + " --local-dir DIR`."
	case safeName.MatchString(p.revision):
		return "Download it again: `hf download " + p.repo + " " + name + " --revision " + p.revision + "`."
	}
	return "Download it again: `hf download " + p.repo + " " + name + "`."
}
