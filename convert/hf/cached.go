package hf

import (
	"os"
	"path/filepath"
	"strings"
)

// A Cached is a model in the Hugging Face cache.
type Cached struct {
	ID        string
	Folder    string // of the snapshot that ID means, "" if that is not known
	Bytes     int64  // of the snapshot's files
	ModelType string // by its config.json, "" if that does not say
}

// ListCache returns the models in the cache, sorted by id. A cache that is not there has none.
func ListCache() []Cached {
	var list []Cached
	for _, id := range CachedIDs() {
		c := Cached{ID: id}
		repo := filepath.Join(CacheDir(), repoPrefix+strings.ReplaceAll(id, "/", "--"))
		if where, bad := locateRepo(repo, ""); bad == nil {
			c.Folder, c.Bytes, c.ModelType = where.dir, folderBytes(where.dir), modelType(where)
		}
		list = append(list, c)
	}
	return list
}

// CachedIDs returns the ids of the models in the cache, sorted.
func CachedIDs() (ids []string) {
	entries, _ := os.ReadDir(CacheDir()) // sorted
	for _, e := range entries {
		if id := repoID(e.Name()); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// folderBytes adds up the files of a folder, following links.
func folderBytes(dir string) (total int64) {
	filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}

// modelType is what the config.json of a folder says, "" if it cannot be read.
func modelType(where place) string {
	d, bad := list(where)
	if bad != nil {
		return ""
	}
	config, _ := d.readObject(configName)
	name, _ := config["model_type"].(string)
	return name
}
