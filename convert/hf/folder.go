package hf

import (
	"io"
	"os"
	"path/filepath"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/tensor"
)

// A modelFolder is the folder of a model, and the names of everything in it.
type modelFolder struct {
	place
	names  map[string]bool
	called string // what its files are called in messages, before their names
}

// list reads the names of what is in a folder.
func list(where place) (*modelFolder, *fault.Fault) {
	entries, err := os.ReadDir(where.dir)
	if err != nil {
		return nil, &fault.Fault{File: where.dir, Problem: "cannot be listed: " + jsonfile.Bare(err).Error()}
	}
	d := &modelFolder{place: where, names: make(map[string]bool, len(entries))}
	for _, e := range entries {
		d.names[e.Name()] = true
	}
	return d, nil
}

// path returns where a file of the folder is.
func (d *modelFolder) path(name string) string { return filepath.Join(d.dir, name) }

// open opens a file of the model. It must be a regular file, or a link to one, with
// something in it that is not a placeholder for the real thing.
func (d *modelFolder) open(name string) (*os.File, os.FileInfo, *fault.Fault) {
	info, err := os.Stat(d.path(name))
	if err != nil {
		f := statFault(d.path(name), d.called+name, err)
		if disk.Absent(err) {
			f.Hint = d.download(name)
		}
		return nil, nil, f
	}
	if !info.Mode().IsRegular() { // before opening it: that alone sets some devices in motion
		return nil, nil, &fault.Fault{File: d.called + name, Problem: "is " + kind(info.Mode()) + ", not a file"}
	}
	if bad := d.leadsOut(name); bad != nil {
		return nil, nil, bad
	}
	f, info, err := regular.Open(d.path(name))
	if err != nil {
		return nil, nil, &fault.Fault{File: d.called + name, Problem: "cannot be opened: " + jsonfile.Bare(err).Error()}
	}
	if bad := d.placeholder(f, name, info.Size()); bad != nil {
		f.Close()
		return nil, nil, bad
	}
	return f, info, nil
}

// leadsOut refuses a file of the model that is a link to somewhere else, with NoFollow.
func (d *modelFolder) leadsOut(name string) *fault.Fault {
	if !d.noFollow {
		return nil
	}
	target := regular.Outside(d.dir, d.path(name))
	if target == "" {
		return nil
	}
	if blobs := blobsOf(d.dir); blobs != "" && regular.Outside(blobs, d.path(name)) == "" {
		return nil
	}
	return regular.LinkOut(d.called+name, target)
}

// openWeights opens a weights file, and describes it as it is now.
func (d *modelFolder) openWeights(name string) (*os.File, *tensor.File, *fault.Fault) {
	f, info, bad := d.open(name)
	if bad != nil {
		return nil, nil, bad
	}
	return f, tensor.NewFile(d.path(name), name, info), nil
}

// readObject reads a small JSON file that contains one object.
func (d *modelFolder) readObject(name string) (map[string]any, *fault.Fault) {
	f, info, bad := d.open(name)
	if bad != nil {
		return nil, bad
	}
	defer f.Close()
	if bad := jsonfile.TooLarge(d.called+name, info.Size(), jsonfile.ConfigLimits); bad != nil {
		return nil, bad
	}
	object, err := jsonfile.ReadObject(io.NewSectionReader(f, 0, info.Size()), jsonfile.ConfigLimits)
	if err != nil {
		return nil, jsonfile.Fault(d.called+name, f, err)
	}
	return object, nil
}
