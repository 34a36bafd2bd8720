package hf

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/regular"
)

// statFault says why path, called name in messages, could not be looked at.
func statFault(path, name string, err error) *fault.Fault {
	if !disk.Absent(err) {
		return &fault.Fault{File: name, Problem: jsonfile.Bare(err).Error()}
	}
	if target, err := os.Readlink(path); err == nil {
		return &fault.Fault{File: name, Problem: "is a link to " + target + ", which does not exist"}
	}
	return &fault.Fault{File: name, Problem: "does not exist"}
}

// open opens a file of the model. It must be a regular file, or a link to one, with
// something in it that is not a stand-in for the real thing.
func (o *opening) open(name string) (*os.File, os.FileInfo, *fault.Fault) {
	path := filepath.Join(o.dir, name)
	info, err := os.Stat(path)
	if err != nil {
		f := statFault(path, name, err)
		if disk.Absent(err) {
			f.Hint = o.download(name)
		}
		return nil, nil, f
	}
	if !info.Mode().IsRegular() { // before opening it: that alone sets some devices in motion
		return nil, nil, &fault.Fault{File: name, Problem: "is " + kind(info.Mode()) + ", not a file"}
	}
	if bad := o.leadsOut(name); bad != nil {
		return nil, nil, bad
	}
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, nil, &fault.Fault{File: name, Problem: "cannot be opened: " + jsonfile.Bare(err).Error()}
	}
	err = o.standIn(f, name, info.Size())
	if err == nil {
		return f, info, nil
	}
	f.Close()
	var bad *fault.Fault
	if !errors.As(err, &bad) {
		bad = &fault.Fault{File: name, Problem: jsonfile.Bare(err).Error()}
	}
	return nil, nil, bad
}

// standIn tells what people have in place of a file: nothing, git's pointer to it,
// the web page about it, or half of it.
func (o *opening) standIn(f io.ReaderAt, name string, size int64) error {
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	head = head[:n]
	text := bytes.ToLower(bytes.TrimLeft(head, " \t\r\n\xef\xbb\xbf"))
	switch {
	case size == 0:
		return &fault.Fault{File: name, Problem: "is empty", Hint: o.download(name)}
	case bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/v1")):
		return &fault.Fault{File: name, Problem: "is a Git LFS pointer, not the file itself",
			Hint: "Run `git lfs pull` in the folder, or download the model with `hf download`."}
	case bytes.HasPrefix(text, []byte("<!doctype")), bytes.HasPrefix(text, []byte("<html")):
		return &fault.Fault{File: name, Problem: "is a web page (HTML) that was saved in place of the file", Hint: o.download(name)}
	case o.names[name+".aria2"]: // aria2 gives a file its full size before the bytes have come
		return &fault.Fault{File: name, Problem: "is not downloaded to the end: " + name + ".aria2 stands beside it",
			Hint: "Let aria2 finish, or download the file again."}
	}
	return nil
}
