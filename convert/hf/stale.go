package hf

import (
	"fmt"
	"slices"
	"strconv"

	"hf2olmo/convert/fault"
)

// shardSet is what shards that belong together have in common.
type shardSet struct {
	prefix, total, ending string
}

// lost sums up that shards of an index do not exist: the index is stale if another set
// of shards is complete, else what is said of each shard follows. nil if at most one is lost.
func (x *index) lost(d *modelFolder) *fault.Fault {
	missing, own := 0, map[string]bool{}
	for _, file := range x.files() {
		own[file] = true
		if !exists(d.path(file)) {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	if f := x.stale(d, missing, own); f != nil || missing == 1 {
		return f
	}
	f := &fault.Fault{File: x.name, Lead: true,
		Problem: fmt.Sprintf("names %d shards, and %d of them do not exist", len(own), missing),
		Hint:    "Run the same download again: it fetches what is missing."}
	if u := unfinished(d); u != nil {
		f.Found = u.Found
	} else if other := d.after(x.name); other != "" && missing == len(own) {
		f.Hint = "If it was left over, delete it: then " + other + " is converted, as in transformers."
	}
	return f
}

// after is the file that would be chosen if name were not there.
func (d *modelFolder) after(name string) string {
	for _, other := range precedence[slices.Index(precedence, name)+1:] {
		if d.names[other] {
			return other
		}
	}
	return ""
}

// stale says that an index is of other shards than those beside it, its own ones; nil if
// no other set is complete.
func (x *index) stale(d *modelFolder, missing int, own map[string]bool) *fault.Fault {
	sets := map[shardSet][]string{}
	for _, name := range sortedNames(d.names) {
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
