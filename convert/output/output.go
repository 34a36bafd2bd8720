// Package output makes the folder that a verb writes: it appears whole or not at all, and one
// that is there already, made from the same in the same way, is left alone. It knows files and
// tensors, and neither models nor trainers: what a side knows comes in as values and functions.
//
//	path, err := output.Resolve(chosen, into, name)   // --output, --into or the default
//	o, err := output.Open(ctx, path, options)         // nothing is in the way there
//	c := &output.Content{...}                         // where every byte will be, and of what
//	if o.Existing != nil {
//		warnings, err = o.CheckExisting(c)            // o.Unchanged: there is nothing to do
//	}
//	warnings, err = o.Write(ctx, c)                   // copied, read back, synced, renamed
//
// Open and CheckExisting write nothing. Write fails before it writes if there is too little
// space, and leaves nothing behind if it fails later.
package output

import (
	"context"
	"os"
	"path/filepath"
	"unicode/utf8"

	"hf2olmo/convert/assemble"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
)

// Options are what the user chose about the folder, whatever it will contain.
type Options struct {
	Force    bool                    // replace what an earlier run wrote
	Jobs     int                     // pieces copied at once; 0 for as many as suits
	NoClone  bool                    // copy also where the file system could share the sources' blocks
	Progress assemble.Progress       // of the copy; nil for none
	Waiting  func(path string)       // called if another process is writing the output; nil for none
	Claim    func(path string) error // asked whether this run may write the output; nil for yes
	Names    folder.Names            // the files that runs write there
	Source   string                  // the folder that is read, which is never replaced; "" for none
}

// An Output is a place for a folder that was looked at and can be written.
type Output struct {
	Path string // absolute
	// Existing is the manifest of the folder that is there and must be the same as what would
	// be written; nil if there is none, or if it is to be replaced.
	Existing  *folder.Manifest
	Unchanged bool // the folder is there already: Write leaves it alone
	// Shared is how many bytes of the files share the blocks of their sources, once they are written.
	Shared  int64
	options Options
	place   *folder.Place
}

// Resolve returns the absolute path of an output: the one that was chosen, or if none was the
// one called name in the folder into ("" for the working directory).
func Resolve(chosen, into, name string) (string, error) {
	if chosen == "" {
		chosen = filepath.Join(into, name)
	}
	return filepath.Abs(chosen)
}

// Open looks at the place of an output, whose path is absolute. The error says what is in the
// way there: a folder of something else, or an output that may not be replaced.
func Open(ctx context.Context, path string, options Options) (*Output, error) {
	if !utf8.ValidString(path) {
		return nil, &fault.Fault{File: path, Problem: "is not UTF-8 text, and the files of a checkpoint cannot name it",
			Hint: "Choose another --output or --into."}
	}
	if same(path, options.Source) {
		return nil, &fault.Fault{File: path, Problem: "is what is converted, and is not replaced by what is made of it",
			Hint: "Choose another --output."}
	}
	if options.Claim != nil {
		if err := options.Claim(path); err != nil {
			return nil, err
		}
	}
	o := &Output{Path: path, options: options,
		place: &folder.Place{Path: path, Force: options.Force, Names: options.Names}}
	if !options.Force {
		if o.Existing = folder.ReadManifest(path); o.Existing != nil {
			return o, nil
		}
	}
	return o, o.place.Vacant(ctx)
}

// same reports whether two paths are one folder.
func same(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}
