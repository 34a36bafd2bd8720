package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	pageLink    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	pageHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fenced      = regexp.MustCompile("(?ms)^```.*?^```$")
)

// anchorOf is the fragment by which a heading is linked, as GitHub makes it.
func anchorOf(heading string) string {
	heading = regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return "#" + strings.ReplaceAll(heading, " ", "-")
}

// TestPageLinks: what the pages link to in this repository is there.
func TestPageLinks(t *testing.T) {
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("../..", page))
		must(t, err)
		for _, m := range pageLink.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file := page
			if m[1] != "" {
				file = filepath.Join(filepath.Dir(page), m[1])
			}
			target, err := os.ReadFile(filepath.Join("../..", file))
			if err != nil {
				t.Errorf("%s links to %s, which is not there", page, file)
				continue
			}
			found := m[2] == ""
			for _, h := range pageHeading.FindAllStringSubmatch(string(target), -1) {
				found = found || anchorOf(h[1]) == m[2]
			}
			if !found {
				t.Errorf("%s links to %s%s, and there is no such heading", page, file, m[2])
			}
		}
	}
}
