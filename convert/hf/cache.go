package hf

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
)

// The hub's cache has one folder per repository, models--org--name, with
// snapshots/<commit>/ (links into blobs/) and refs/<branch> (a file with a commit).
const repoPrefix = "models--"

var hexes = regexp.MustCompile(`^[0-9a-f]{4,40}$`)

// repoID returns the id of the repository in a folder of the cache, or "".
func repoID(folder string) string {
	id, ok := strings.CutPrefix(folder, repoPrefix)
	if id = strings.ReplaceAll(id, "--", "/"); ok && IsID(id) {
		return id
	}
	return ""
}

// downloadAll is the command that downloads a repository.
func downloadAll(id, revision string) string {
	if safeName.MatchString(revision) {
		return "`hf download " + id + " --revision " + revision + "`"
	}
	return "`hf download " + id + "`"
}

// CacheDir returns the hub's cache as huggingface_hub finds it, except that a variable
// set to nothing counts as not set.
func CacheDir() string {
	if dir := expand(firstEnv("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")); dir != "" {
		return dir
	}
	if home := expand(os.Getenv("HF_HOME")); home != "" {
		return filepath.Join(home, "hub")
	}
	if cache := expand(os.Getenv("XDG_CACHE_HOME")); cache != "" {
		return filepath.Join(cache, "huggingface", "hub")
	}
	return filepath.Join(expand("~"), ".cache", "huggingface", "hub")
}

// oldCache is the variable that transformers 4 read, and its successors do not.
const oldCache = "TRANSFORMERS_CACHE"

func firstEnv(names ...string) string {
	for _, name := range names {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// expand does what Python's expanduser and expandvars do: "~" at the start is the
// home folder, and variables that are not set are left as they are.
func expand(path string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		if home, err := os.UserHomeDir(); err == nil {
			path = home + path[1:]
		}
	}
	return os.Expand(path, func(name string) string {
		if v, ok := os.LookupEnv(name); ok {
			return v
		}
		return "$" + name
	})
}

// locateID finds "org/name@revision" in the hub's cache.
func locateID(path string) (place, *fault.Fault) {
	id, revision, _ := strings.Cut(path, "@")
	if !IsID(id) {
		return place{}, &fault.Fault{File: path, Problem: "is neither a path that exists nor a hub id",
			Hint: "Give a folder, a weights file, or the id of a model in the Hugging Face cache."}
	}
	dir := filepath.Join(CacheDir(), repoPrefix+strings.ReplaceAll(id, "/", "--"))
	if !isDir(dir) {
		f := &fault.Fault{File: path, Hint: "Download it first: " + downloadAll(id, revision) + ".",
			Problem: "is neither a path that exists nor a model in the Hugging Face cache (looked for " + dir + ")"}
		if old := expand(os.Getenv(oldCache)); old != "" && isDir(filepath.Join(old, filepath.Base(dir))) {
			f.Hint = "Set HF_HUB_CACHE to " + old + ": the model is there, and " + oldCache + " is no longer read."
		}
		return place{}, f
	}
	return locateRepo(dir, revision)
}

// locateRepo picks the snapshot of a repository: the named revision, else main,
// else the only one there is.
func locateRepo(dir, revision string) (place, *fault.Fault) {
	have := snapshots(dir)
	commit, bad := resolve(dir, revision, have)
	if bad == nil && !slices.Contains(have, commit) {
		bad = &fault.Fault{File: dir, Problem: "snapshot " + commit + " is not in the cache",
			Found: listed(have, "no snapshot")}
	}
	if bad != nil {
		if id := repoID(filepath.Base(dir)); bad.Hint == "" && id != "" {
			bad.Hint = "Download it: " + downloadAll(id, revision) + "."
		}
		return place{}, bad
	}
	where := describe(filepath.Join(dir, "snapshots", commit))
	where.within = dir
	return where, nil
}

// isRepo reports whether dir is a repository of the hub's cache: by its name, or, if a copy
// was given another name, by what is in it.
func isRepo(dir string) bool {
	if !isDir(filepath.Join(dir, "snapshots")) {
		return false
	}
	if strings.HasPrefix(filepath.Base(dir), repoPrefix) {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, configName))
	return disk.Absent(err) && isDir(filepath.Join(dir, "blobs"))
}

// resolve turns a revision (branch, tag, commit or the start of one) into a commit.
func resolve(dir, revision string, have []string) (string, *fault.Fault) {
	ref := revision
	if ref == "" {
		ref = "main"
	}
	if filepath.IsLocal(ref) {
		commit, err := readRef(filepath.Join(dir, "refs"), ref)
		if err == nil {
			return commit, nil
		}
		if !disk.Absent(err) {
			return "", &fault.Fault{File: filepath.Join(dir, "refs", ref), Problem: jsonfile.Bare(err).Error()}
		}
	}
	switch {
	case revision == "" && len(have) == 1:
		return have[0], nil
	case revision == "" && len(have) > 1:
		return "", &fault.Fault{File: dir, Problem: "contains several snapshots and no refs/main", Found: listed(have, ""),
			Hint: "Name one: org/name@commit, or give the snapshot's folder."}
	case revision == "":
		return "", &fault.Fault{File: dir, Problem: "contains no snapshot"}
	case slices.Contains(have, revision):
		return revision, nil
	}
	var match []string
	for _, commit := range have {
		if hexes.MatchString(revision) && strings.HasPrefix(commit, revision) {
			match = append(match, commit)
		}
	}
	switch len(match) {
	case 1:
		return match[0], nil
	case 0:
		return "", &fault.Fault{File: dir, Problem: "revision " + revision + " is not in the cache",
			Found: listed(have, "no snapshot")}
	}
	return "", &fault.Fault{File: dir, Problem: "revision " + revision + " is not unique", Found: listed(match, ""),
		Hint: "Give more of the commit's characters."}
}

// snapshots lists the commits that are there, sorted.
func snapshots(dir string) (commits []string) {
	entries, _ := os.ReadDir(filepath.Join(dir, "snapshots")) // not there means none
	for _, e := range entries {
		if isDir(filepath.Join(dir, "snapshots", e.Name())) {
			commits = append(commits, e.Name())
		}
	}
	slices.Sort(commits)
	return commits
}

// listed joins a few names for a message, and says how many more there are.
func listed(names []string, none string) string {
	const maxShown = 5
	switch {
	case len(names) == 0:
		return none
	case len(names) > maxShown:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxShown], ", "), len(names)-maxShown)
	}
	return strings.Join(names, ", ")
}
