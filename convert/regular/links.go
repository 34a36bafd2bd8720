package regular

import (
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
)

// Outside returns where path is once every link is followed, if that is not root or
// below it, else "". A path that is not there is nowhere.
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

// LinkOut is the fault of a link that leads out of the model's folder, with --no-follow.
func LinkOut(name, target string) *fault.Fault {
	return &fault.Fault{File: name, Problem: "is a link that leads out of the folder", Found: target,
		Hint: "Without --no-follow such links are followed. Put the file itself in the link's place if you trust it."}
}

// Bounds of a look for links: a checkpoint's folder is not deep, and what is deeper is never opened.
const (
	deepest     = 3
	mostEntries = 1 << 20
	mostLinks   = 5000 // each takes many calls to the system
)

// NoLinksOut returns the faults of all links below path, a folder or a file, that lead
// out of the folder. path itself may be a link if it is a folder: the user named it.
func NoLinksOut(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // what is wrong shows when it is opened
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
		return // this, too, shows when it is opened
	}
	for _, e := range entries {
		if l.seen++; l.seen > mostEntries {
			if l.seen == mostEntries+1 {
				l.faults = append(l.faults, &fault.Fault{File: l.root, Problem: "has more entries than any checkpoint"})
			}
			return
		}
		path := filepath.Join(folder, e.Name())
		switch {
		case e.Type()&os.ModeSymlink != 0:
			if l.links++; l.links > mostLinks {
				l.faults = append(l.faults, &fault.Fault{File: l.root, Problem: "has more links than any checkpoint"})
				l.seen = mostEntries + 1
				return
			}
			if target := Outside(l.root, path); target != "" {
				l.faults = append(l.faults, LinkOut(strings.TrimPrefix(path, l.root+string(filepath.Separator)), target))
			}
		case e.IsDir() && depth < deepest:
			l.below(path, depth+1)
		}
	}
}
