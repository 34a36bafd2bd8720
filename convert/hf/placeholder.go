package hf

import (
	"bytes"
	"io"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
)

// placeholder recognizes what people have in place of a file: nothing, git's pointer to
// it, the web page about it, or half of it. nil for anything else.
func (d *modelFolder) placeholder(f io.ReaderAt, name string, size int64) *fault.Fault {
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return &fault.Fault{File: d.called + name, Problem: jsonfile.Bare(err).Error()}
	}
	head = head[:n]
	text := bytes.ToLower(bytes.TrimLeft(head, " \t\r\n\xef\xbb\xbf"))
	switch {
	case size == 0:
		return &fault.Fault{File: d.called + name, Problem: "is empty", Hint: d.download(name)}
	case bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/v1")):
		return &fault.Fault{File: d.called + name, Problem: "is a Git LFS pointer, not the file itself",
			Hint: "Run `git lfs pull` in the folder, or download the model with `hf download`."}
	case bytes.HasPrefix(text, []byte("<!doctype")), bytes.HasPrefix(text, []byte("<html")):
		return &fault.Fault{File: d.called + name, Problem: "is a web page (HTML) that was saved in place of the file",
			Hint: d.download(name)}
	case d.names[name+".aria2"]: // aria2 gives a file its full size before the bytes have come
		return &fault.Fault{File: d.called + name,
			Problem: "is not fully downloaded: " + name + ".aria2 is beside it",
			Hint:    "Let aria2 finish, or download the file again."}
	}
	return nil
}
