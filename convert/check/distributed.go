package check

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/pickle"
)

// maxMetadata bounds what is read of a .metadata whose classes are not known: that of a
// small run has some ten thousand bytes, that of a thousand ranks a hundred million.
const maxMetadata = 32 << 20

// distributedChecks are about what torch.distributed.checkpoint wrote.
type distributedChecks struct{ rankChecks }

// checkDistributed checks what torch.distributed.checkpoint wrote into a folder of the
// checkpoint: .metadata, which names every tensor and where its parts lie, and the
// .distcp files of the ranks.
func (c distributedChecks) checkDistributed(folder string) {
	c.add("old-torch/torch_new", about{file: folder}, "folder", c.dir.quoted())
	c.checkMetadata(folder)
	if world := c.checkTrainRank(); world > 0 {
		c.add("world-size/any", about{}, "world", world)
	}
}

// checkMetadata reads .metadata and looks for the files that it names.
func (c distributedChecks) checkMetadata(folder string) {
	name := path.Join(folder, metadataFile)
	info, err := os.Stat(filepath.Join(c.dir.path, name))
	if err != nil {
		c.add("metadata-missing/distributed", about{file: name})
		return
	}
	if index, err := c.readIndex(name); err == nil {
		c.needParts(folder, index.Reach())
		return
	}
	if info.Size() > maxMetadata {
		c.add("metadata-large", about{file: name}, "bytes", info.Size())
		return
	}
	v, err := c.dir.outline(name)
	if err != nil {
		c.add("unreadable/index", about{file: name}, "problem", err)
		return
	}
	object, _ := v.(*pickle.Object)
	if object == nil || pickle.AsMap(object.State).Get("state_dict_metadata") == nil {
		c.add("metadata-broken/distributed", about{file: name})
		return
	}
	c.needParts(folder, reachOfOutline(pickle.AsMap(pickle.AsMap(object.State).Get("storage_data"))))
}

// readIndex reads a .metadata of the classes that are known.
func (c distributedChecks) readIndex(name string) (*dcp.Metadata, error) {
	f, info, err := c.dir.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return dcp.ReadMetadata(f, info.Size())
}

// reachOfOutline is Reach for an index of other classes.
func reachOfOutline(parts *pickle.Map) map[string]int64 {
	reach := map[string]int64{}
	if parts == nil {
		return reach
	}
	for _, p := range parts.Items {
		info, _ := p.Value.(*pickle.Object)
		if info == nil {
			continue
		}
		where := pickle.AsMap(info.State)
		file, isFile := where.Get("relative_path").(string)
		offset, _ := where.Get("offset").(int64)
		length, _ := where.Get("length").(int64)
		if isFile {
			reach[file] = max(reach[file], offset+length)
		}
	}
	return reach
}

// needParts checks that every file with a part exists, and is long enough for the part.
func (c distributedChecks) needParts(folder string, reach map[string]int64) {
	for _, file := range slices.Sorted(maps.Keys(reach)) {
		name := path.Join(folder, file)
		if !filepath.IsLocal(file) {
			c.add("part-missing/outside", about{file: name})
			continue
		}
		info, err := os.Stat(filepath.Join(c.dir.path, name))
		switch {
		case err != nil:
			c.add("part-missing/missing", about{file: name})
		case info.Size() < reach[file]:
			c.add("part-short", about{file: name, expected: fmt.Sprintf("%d bytes", reach[file]),
				found: fmt.Sprintf("%d bytes", info.Size())})
		}
	}
}
