package dcp

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
)

// CheckTiles checks that the items of the index fill the files in the folder dir: every
// trainer writes one after the other, with nothing between or behind them, and no file
// that the index does not name. What does not fit is of another save, or damaged. Tied
// tensors name the same item. The error is a fault.List; files are named as in dir.
func (c *Checkpoint) CheckTiles(dir string) error {
	spans := map[string][]span{}
	add := func(file string, offset, bytes int64) {
		spans[file] = append(spans[file], span{offset, offset + bytes})
	}
	for i := range c.Tensors {
		for _, chunk := range c.Tensors[i].Chunks {
			add(chunk.File, chunk.Offset, chunk.Bytes)
		}
	}
	for _, blob := range c.Blobs {
		add(blob.File, blob.Offset, blob.Bytes)
	}
	folders := map[string]bool{}
	for file := range spans {
		folders[path.Dir(file)] = true
	}
	var faults fault.List
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(folder)))
		faults.Add(folder, err)
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			if spans[name] == nil && !strings.HasSuffix(name, fileSuffix) {
				continue
			}
			info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
			if err != nil {
				continue // Open has reported it, or it is of another save
			}
			if f := untiled(spans[name], info.Size()); f != nil {
				f.File, f.Hint = name, "The file is of another save, or damaged: copy the checkpoint again into an empty folder."
				faults = append(faults, f)
			}
		}
	}
	return faults.Err()
}

// span is a range of bytes of a file.
type span struct{ from, to int64 }

// untiled returns why items do not fill a file of that size.
func untiled(items []span, size int64) *fault.Fault {
	slices.SortFunc(items, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	end := int64(0)
	for _, item := range slices.Compact(items) {
		switch {
		case item.from < end:
			return &fault.Fault{Problem: fmt.Sprintf("has items that overlap at byte %d", item.from)}
		case item.from > end:
			return &fault.Fault{Problem: fmt.Sprintf("has %d bytes at byte %d that belong to no item of the index",
				item.from-end, end)}
		}
		end = item.to
	}
	if end != size {
		return &fault.Fault{Problem: "is not filled by the items of the index",
			Expected: fmt.Sprintf("%d bytes", end), Found: fmt.Sprintf("%d", size)}
	}
	return nil
}
