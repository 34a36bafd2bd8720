package trainer

import (
	"fmt"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
)

// Found is a checkpoint whose tensors were compared.
type Found struct {
	Folder    string           // absolute
	Manifest  *folder.Manifest // nil if there is none
	Differing int              // tensors
	// Structural reports that tensors are missing, surplus or of other shapes.
	Structural bool
	Optimizer  bool // the files of the tensors have an optimizer's state too
}

// A Comparison is what was found beside the tensors.
type Comparison struct {
	Differences []Difference
	Warnings    []string
	Trained     bool  // a trainer has saved the folder since
	Step        int64 // at which it did, 0 if that is not known
}

// A Difference is something beside the tensors that a conversion would have written
// otherwise. Field is empty if a whole file is meant.
type Difference struct {
	File     string `json:"file"`
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// Missing is what is found of a file or field that is not there.
const Missing = "missing"

// File notes that a whole file differs.
func (c *Comparison) File(file, expected, found string) { c.Field(file, "", expected, found) }

// Field notes that a field of a file differs.
func (c *Comparison) Field(file, field, expected, found string) {
	c.Differences = append(c.Differences, Difference{file, field, expected, found})
}

// Warn notes what is odd and no difference.
func (c *Comparison) Warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fault.Printable(fmt.Sprintf(format, args...)))
}

// maxStray is how many keys are named that should not be there.
const maxStray = 5

// WarnStray warns of keys at the top of a config that should not be there, and says why.
func (c *Comparison) WarnStray(file string, keys []string, why string) {
	more := ""
	if n := len(keys); n > maxStray {
		keys, more = keys[:maxStray], fmt.Sprintf(" and %d more", n-maxStray)
	}
	what := "key"
	if len(keys) > 1 {
		what = "keys"
	}
	if len(keys) > 0 {
		c.Warn("%s has the %s %s%s, %s", file, what, strings.Join(keys, ", "), more, why)
	}
}
