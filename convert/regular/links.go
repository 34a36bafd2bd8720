package regular

import (
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
)

// Outside returns the path with all links resolved if that is outside the folder root, else "". A path that does not
// exist is not outside.
func Outside(root, path string) string {
	root, err := resolved(root)
	if err != nil {
		return ""
	}
	real, err := resolved(path)
	if err != nil {
		return ""
	}
	if relative, err := filepath.Rel(root, real); err == nil && filepath.IsLocal(relative) {
		return ""
	}
	return real
}

func resolved(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

// LinkOut is the fault of a link that points outside the folder, with --no-follow.
func LinkOut(name, target string) *fault.Fault {
	return &fault.Fault{File: name, Problem: "is a link that points outside the folder", Found: target,
		Hint: "Without --no-follow such links are followed. If you trust the file, put it in place of the link."}
}

// Limits of the search for links: a checkpoint's folder is not deep, and nothing deeper is ever opened.
const (
	maxDepth   = 3
	maxEntries = 1 << 20
	maxLinks   = 5000 // resolving one takes many system calls
)

// NoLinksOut returns a fault.List of all links below path, a folder or a file, that point outside the folder. path
// itself may be a link if it is a folder: the user chose it.
func NoLinksOut(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // opening it reports the error
	}
	if !info.IsDir() {
		if target := Outside(filepath.Dir(path), path); target != "" {
			return fault.List{LinkOut(path, target)}
		}
		return nil
	}
	l := &links{root: path}
	l.below(path, 1)
	return l.faults.Err()
}

type links struct {
	root   string
	seen   int
	links  int
	faults fault.List
}

func (l *links) below(folder string, depth int) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // opening it reports the error
	}
	for _, e := range entries {
		if l.seen++; l.seen > maxEntries {
			if l.seen == maxEntries+1 {
				l.faults = append(l.faults, &fault.Fault{File: l.root, Problem: "has more entries than any checkpoint"})
			}
			return
		}
		path := filepath.Join(folder, e.Name())
		switch {
		case e.Type()&os.ModeSymlink != 0:
			if l.links++; l.links > maxLinks {
				l.faults = append(l.faults, &fault.Fault{File: l.root, Problem: "has more links than any checkpoint"})
				l.seen = maxEntries + 1
				return
			}
			if target := Outside(l.root, path); target != "" {
				l.faults = append(l.faults, LinkOut(strings.TrimPrefix(path, l.root+string(filepath.Separator)), target))
			}
		case e.IsDir() && depth < maxDepth:
			l.below(path, depth+1)
		}
	}
}
