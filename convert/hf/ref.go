package hf

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/regular"
)

// maxRef is more than a commit and a line's end take, in bytes.
const maxRef = 128

// readRef reads refs/<branch>, a short file that holds a commit and nothing else. Links are
// not followed on the way there: what they lead to is no commit, and is not for printing.
func readRef(refs, branch string) (string, error) {
	path := refs
	info, err := os.Lstat(path)
	for _, name := range strings.Split(branch, "/") {
		if err == nil && info.Mode()&os.ModeSymlink != 0 {
			break
		}
		path = filepath.Join(path, name)
		info, err = os.Lstat(path)
	}
	switch {
	case err != nil:
		return "", err
	case info.Mode()&os.ModeSymlink != 0:
		return "", errors.New("is a link, and is not followed: it should be a file that contains a commit")
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("is %s, not a file", kind(info.Mode()))
	}
	f, _, err := regular.OpenHere(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRef+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxRef {
		return "", errors.New("is too long: it should contain a commit and nothing else")
	}
	commit := strings.TrimSpace(string(text))
	if !safeName.MatchString(commit) {
		return "", fmt.Errorf("names no commit: %q", commit)
	}
	return commit, nil
}
