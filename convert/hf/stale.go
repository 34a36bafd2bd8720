package hf

import (
	"fmt"
	"path/filepath"
	"strconv"

	"hf2olmo/convert/fault"
)

// shardSet is what shards that belong together have in common.
type shardSet struct {
	prefix, total, ending string
}

// stale says that an index is of other shards than those beside it: some of its own are
// not there, and another set is complete. nil if that is not so.
func (o *opening) stale(x *index) *fault.Fault {
	missing, own := 0, map[string]bool{}
	for _, file := range x.files() {
		own[file] = true
		if !exists(filepath.Join(o.dir, file)) {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	sets := map[shardSet][]string{}
	for _, name := range sorted(o.names) {
		parts := shard.FindStringSubmatch(name)
		if parts == nil || own[name] {
			continue
		}
		set := shardSet{parts[1], parts[3], parts[4]}
		sets[set] = append(sets[set], name)
		if total, _ := strconv.Atoi(set.total); total == len(sets[set]) {
			return &fault.Fault{File: x.name, Found: listed(sets[set], ""),
				Problem: fmt.Sprintf("is stale: it names shards that do not exist (%d of %d), "+
					"and a complete set of others does", missing, len(own)),
				Hint: "Replace it with the index of these shards: download that, or save the model again " +
					"with save_pretrained."}
		}
	}
	return nil
}
