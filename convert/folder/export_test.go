package folder

import (
	"context"
	"os"
)

// What the tests, which are outside of the package, need from inside.
const (
	AsideSuffix    = asideSuffix
	ReplacedSuffix = replacedSuffix
	MaxManifest    = maxManifest
)

// CRCFile is crcFile.
func CRCFile(path string) (string, error) { return crcFile(context.Background(), path) }

// TakeLock is lockFolder with create.
func TakeLock(path string) (*os.File, error) { return lockFolder(path, true) }

// LockOlder is lockOlder.
func LockOlder(path string) (*os.File, error) { return lockOlder(path) }

// Unlock is unlock.
func Unlock(f *Folder) { f.unlock() }

// ReplaceInTwoSteps is replaceInTwoSteps.
func ReplaceInTwoSteps(f *Folder) error { return f.replaceInTwoSteps() }

// RemoveOlder removes the output that f replaced.
func RemoveOlder(f *Folder) error { return f.removeOlder(context.Background(), f.older) }

// Survey returns what the removal of the output at path would remove, in that order.
func Survey(p *Place, path string) ([]string, error) {
	found, err := p.survey(context.Background(), path)
	if err != nil {
		return nil, err
	}
	return append(found.files, found.folders...), nil
}
