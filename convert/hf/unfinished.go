package hf

import (
	"os"

	"hf2olmo/convert/fault"
)

// unfinishedEndings are what programs call a file that is not fully downloaded;
// huggingface_hub hides them when it downloads into a folder.
var unfinishedEndings = []string{"*.incomplete", "*.part", "*.crdownload", "*.aria2", "*.download"}

const hiddenDownloads = ".cache/huggingface/download"

// unfinished says that there are no weights because the download has not ended.
func unfinished(d *modelFolder) *fault.Fault {
	hidden := map[string]bool{}
	entries, _ := os.ReadDir(d.path(hiddenDownloads)) // seldom there
	for _, e := range entries {
		hidden[hiddenDownloads+"/"+e.Name()] = true
	}
	var found []string
	beside, inside := sortedNames(d.names), sortedNames(hidden)
	for _, ending := range unfinishedEndings {
		found = append(found, matching(beside, ending)...)
		found = append(found, matching(inside, hiddenDownloads+"/"+ending)...)
	}
	if len(found) == 0 {
		return nil
	}
	return &fault.Fault{File: d.dir, Problem: "is not fully downloaded", Found: listed(found, ""),
		Hint: "Run the same download again: it goes on where it stopped."}
}
