package hf

import (
	"os"
	"path/filepath"

	"hf2olmo/convert/fault"
)

// unfinished are what programs call a file that they have not downloaded to its end;
// huggingface_hub keeps them out of sight where it downloads into a folder.
var unfinished = []string{"*.incomplete", "*.part", "*.crdownload", "*.aria2", "*.download"}

const hiddenDownloads = ".cache/huggingface/download"

// unfinished says that there are no weights because they are still to come.
func (o *opening) unfinished() *fault.Fault {
	hidden := map[string]bool{}
	entries, _ := os.ReadDir(filepath.Join(o.dir, hiddenDownloads)) // seldom there
	for _, e := range entries {
		hidden[hiddenDownloads+"/"+e.Name()] = true
	}
	var found []string
	beside, inside := sorted(o.names), sorted(hidden)
	for _, ending := range unfinished {
		found = append(found, matching(beside, ending)...)
		found = append(found, matching(inside, hiddenDownloads+"/"+ending)...)
	}
	if len(found) == 0 {
		return nil
	}
	return &fault.Fault{File: o.dir, Problem: "is not downloaded to the end", Found: listed(found, ""),
		Hint: "Run the same download again: it goes on where it stopped."}
}
