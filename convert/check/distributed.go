package check

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"hf2olmo/convert/torchfile"
)

// largestMetadata bounds what is read of a .metadata: that of a small run has some
// ten thousand bytes, that of a thousand ranks a hundred million.
const largestMetadata = 32 << 20

// checkDistributed checks what torch.distributed.checkpoint wrote into a folder of the
// checkpoint: .metadata, which names every tensor and where its parts lie, and the
// .distcp files of the ranks.
func (c *checker) checkDistributed(folder string) {
	c.add(Finding{Severity: Warning, Code: "old-torch", File: folder, Problem: "is read with a class that a later torch takes for incomplete",
		Trainer: "With torch 2.13 the trainer stops: TypeError: Can't instantiate abstract class RemoteFileSystemReader.",
		Hint:    "Load it with the torch that saved it, or unshard it with that one: scripts/unshard.py."})
	c.checkMetadata(folder)
	if world := c.checkTrainRank(); world > 0 {
		c.add(Finding{Severity: Note, Code: "world-size", Problem: fmt.Sprintf("was written by %d ranks; any number can load it", world)})
	}
}

// checkMetadata reads .metadata and looks for the files that it names.
func (c *checker) checkMetadata(folder string) {
	name := path.Join(folder, metadataFile)
	info, err := os.Stat(filepath.Join(c.path, name))
	if err != nil {
		c.add(Finding{Code: "metadata-missing", File: name, Problem: "is missing: rank 0 writes it last, so the checkpoint was not finished, or not copied with its hidden files",
			Trainer: "The trainer stops: FileNotFoundError: .metadata not found.", Hint: "Copy the checkpoint whole (cp -a, not *), or take an earlier one."})
		return
	}
	if info.Size() > largestMetadata {
		c.add(Finding{Severity: Note, Code: "metadata-large", File: name, Problem: fmt.Sprintf("has %d bytes, and was not looked into", info.Size())})
		return
	}
	v, err := c.outline(name)
	if err != nil {
		c.add(Finding{Code: "unreadable", File: name, Problem: err.Error(),
			Trainer: "The trainer stops where it reads the index.", Hint: "Copy the checkpoint again."})
		return
	}
	object, _ := v.(*torchfile.Object)
	if object == nil || torchfile.AsMap(object.State).Get("state_dict_metadata") == nil {
		c.add(Finding{Code: "metadata-broken", File: name, Problem: "is not what torch.distributed.checkpoint writes",
			Trainer: "The trainer stops: AttributeError.", Hint: "Copy the checkpoint again."})
		return
	}
	fields := torchfile.AsMap(object.State)
	c.needParts(folder, torchfile.AsMap(fields.Get("storage_data")))
	c.checkCoverage(folder)
	c.compareMetadata(name, torchfile.AsMap(fields.Get("state_dict_metadata")))
}

// needParts sees that every file that holds a part is there, and reaches as far as the part.
func (c *checker) needParts(folder string, parts *torchfile.Map) {
	if parts == nil {
		return
	}
	reach := map[string]int64{}
	for _, p := range parts.Items {
		info, _ := p.Value.(*torchfile.Object)
		if info == nil {
			continue
		}
		where := torchfile.AsMap(info.State)
		file, isFile := where.Get("relative_path").(string)
		offset, _ := where.Get("offset").(int64)
		length, _ := where.Get("length").(int64)
		if isFile {
			reach[file] = max(reach[file], offset+length)
		}
	}
	for _, file := range sortedKeys(reach) {
		name := path.Join(folder, file)
		if !filepath.IsLocal(file) {
			c.add(Finding{Code: "part-missing", File: name, Problem: ".metadata names a file outside of the checkpoint", Hint: "Do not load it."})
			continue
		}
		info, err := os.Stat(filepath.Join(c.path, name))
		switch {
		case err != nil:
			c.add(Finding{Code: "part-missing", File: name, Problem: "is missing: it holds what one rank wrote",
				Trainer: "The trainer stops: FileNotFoundError.", Hint: "Copy the checkpoint whole: every node of the run wrote its own files."})
		case info.Size() < reach[file]:
			c.add(Finding{Code: "part-short", File: name, Problem: "is cut short", Expected: fmt.Sprintf("%d bytes", reach[file]), Found: fmt.Sprintf("%d bytes", info.Size()),
				Trainer: "The trainer stops where it reads past the end.", Hint: "Copy the file again."})
		}
	}
}

// compareMetadata holds the tensors that .metadata names against the config.
func (c *checker) compareMetadata(file string, all *torchfile.Map) {
	if all == nil {
		return
	}
	var tensors []saved
	for _, p := range all.Items {
		key, _ := p.Key.(string)
		name, isModel := strings.CutPrefix(key, "model.")
		object, _ := p.Value.(*torchfile.Object)
		if !isModel || object == nil {
			continue
		}
		if shape, known := sizeOf(torchfile.AsMap(object.State).Get("size")); known {
			tensors = append(tensors, saved{name: name, shape: shape})
		}
	}
	if len(tensors) > 0 {
		c.compare(file, tensors, shardedOutcomes)
	}
}
