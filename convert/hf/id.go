package hf

import (
	"regexp"
	"strings"
)

// hubID is huggingface_hub's REPO_ID_REGEX.
var hubID = regexp.MustCompile(`^(\b[\w\-.]{1,96}\b/)?\b[\w\-.]{1,96}\b$`)

// IsID reports whether id can be that of a repository on the hub, as huggingface_hub has it.
func IsID(id string) bool {
	return hubID.MatchString(id) && !strings.Contains(id, "--") && !strings.Contains(id, "..") &&
		!strings.HasSuffix(id, ".git")
}
