package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	fixtures "hf2olmo/testdata/sharded"
)

// pages are what people read, relative to the root of the repository.
var pages = []string{"README.md", "convert/README.md", "keymap/README.md", "testdata/README.md"}

// pageBlock is a fenced block of a page.
type pageBlock struct {
	page, heading, language, text string
	number                        int // among those with a language under the same heading, from 1
}

func (b pageBlock) String() string {
	return fmt.Sprintf("%s, %q, block %d", b.page, b.heading, b.number)
}

// pageBlocks returns the blocks of all pages.
func pageBlocks(t *testing.T) (blocks []pageBlock) {
	t.Helper()
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("../..", page))
		must(t, err)
		b := pageBlock{page: page}
		inside := false
		for line := range strings.Lines(string(text)) {
			switch {
			case strings.HasPrefix(line, "```") && inside:
				inside = false
				blocks = append(blocks, b)
			case strings.HasPrefix(line, "```"):
				inside = true
				b.language, b.text = strings.TrimSpace(line[3:]), ""
				if b.language != "" {
					b.number++
				}
			case inside:
				b.text += line
			case strings.HasPrefix(line, "#"):
				b.heading, b.number = strings.TrimSpace(strings.TrimLeft(line, "#")), 0
			}
		}
	}
	return blocks
}

// TestPages runs the scripts in testdata/pages. Every block of commands or Python must be in one of them, and a block
// without a language may not contain commands, so that no example goes stale. Programs that tests lack are stand-ins.
func TestPages(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	blocks := pageBlocks(t)
	var mu sync.Mutex
	seen := map[pageBlock]bool{}
	extract := func(ts *testscript.TestScript, _ bool, args []string) { // block PAGE HEADING NUMBER FILE
		number, err := strconv.Atoi(args[2])
		ts.Check(err)
		for _, b := range blocks {
			if b.language == "" || b.page != args[0] || b.heading != args[1] || b.number != number {
				continue
			}
			mu.Lock()
			seen[b] = true
			mu.Unlock()
			ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(b.text), 0o755))
			return
		}
		ts.Fatalf("there is no such block")
	}
	models, err := filepath.Abs("../../testdata/models")
	must(t, err)
	sharded := sync.OnceValue(func() string { return fixtures.Extract(t) })
	t.Run("scripts", func(t *testing.T) {
		testscript.Run(t, testscript.Params{
			Dir: "../../testdata/pages",
			Setup: func(env *testscript.Env) error {
				env.Setenv("MODELS", models)
				env.Setenv("HF_HUB_CACHE", filepath.Join(env.WorkDir, "hub"))
				return standIns(env)
			},
			Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"block":   extract,    // block PAGE HEADING NUMBER FILE: writes a block of a page
				"console": transcript, // console FILE: runs the commands of a transcript and compares their output
				"copydir": copyDir,    // copydir FROM TO
				"json":    setJSON,    // json FILE KEY VALUE: sets a key of config.json
				"sharded": func(ts *testscript.TestScript, _ bool, args []string) { // sharded NAME TO: copies a fixture
					ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(filepath.Join(sharded(), args[0]))))
				},
			},
		})
	})
	for _, b := range blocks {
		switch {
		case b.language != "" && b.language != "yaml" && !seen[b]:
			t.Errorf("no script in testdata/pages runs %v", b)
		case b.language == "" && b.heading != synopsis && commandLine.MatchString(b.text):
			t.Errorf("%s, %q: commands in a block without a language are not run", b.page, b.heading)
		}
	}
}

// standIns puts programs that only record how they are called before those of the system.
func standIns(env *testscript.Env) error {
	text, err := os.ReadFile("../../testdata/pages/stand-in.sh")
	if err != nil {
		return err
	}
	folder := filepath.Join(env.WorkDir, ".stand-ins")
	if err := os.Mkdir(folder, 0o777); err != nil {
		return err
	}
	for _, name := range []string{"hf", "git", "pip", "python", "torchrun", "sbatch"} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o777); err != nil {
			return err
		}
	}
	env.Setenv("PATH", folder+string(os.PathListSeparator)+env.Getenv("PATH"))
	return nil
}

// commandLine is the beginning of a command in a block.
var commandLine = regexp.MustCompile(`(?m)^(\$ )?hf2olmo (convert|export|check|verify|inspect|keymap|version)\b`)

// times are durations in the output of commands, sizes those of folders whose configs contain paths.
var (
	times = regexp.MustCompile(`\d+\.\d s\b`)
	sizes = regexp.MustCompile(`; \d+ kB in`)
)

// transcript runs the lines of a file that begin with "$ ", and those that continue them after a backslash. The lines
// that follow are their output, in which the folder is /home/me; "..." is the rest.
func transcript(ts *testscript.TestScript, _ bool, args []string) {
	normal := func(s string) string {
		s = strings.ReplaceAll(s, ts.Getenv("WORK"), "/home/me")
		s = sizes.ReplaceAllString(times.ReplaceAllString(s, "0.0 s"), "; 50 kB in")
		return strings.Join(strings.Fields(s), " ")
	}
	for _, part := range strings.Split("\n"+ts.ReadFile(args[0]), "\n$ ")[1:] {
		part = strings.ReplaceAll(part, "\\\n", "")
		line, want, _ := strings.Cut(part, "\n")
		command := exec.Command("bash", "-c", line)
		command.Dir = ts.Getenv("WORK")
		for _, name := range []string{"PATH", "WORK", "MODELS", "HF_HUB_CACHE", "HOME"} {
			command.Env = append(command.Env, name+"="+ts.Getenv(name))
		}
		out, _ := command.CombinedOutput() // some examples are of failures
		want, open := strings.CutSuffix(normal(want), " ...")
		if got := normal(string(out)); got != want && !(open && strings.HasPrefix(got, want)) {
			ts.Fatalf("$ %s\nprints\n%s\nand in the page\n%s", line, out, want)
		}
	}
}

// synopsis is the heading of the list of all commands with their options.
const synopsis = "The command line"

// TestSynopsis compares the options in the list of commands with those that each command has.
func TestSynopsis(t *testing.T) {
	for _, b := range pageBlocks(t) {
		if b.heading != synopsis || b.language != "" {
			continue
		}
		for _, c := range newApp(nil, nil).VisibleCommands() {
			_, rest, found := strings.Cut("\n"+b.text, "\nhf2olmo "+c.Name)
			if !found {
				t.Errorf("the list of commands lacks %s", c.Name)
			}
			rest, _, _ = strings.Cut(rest, "\nhf2olmo ")
			for _, f := range c.VisibleFlags() {
				if name := "--" + f.Names()[0]; !regexp.MustCompile(name + `\b`).MatchString(rest) {
					t.Errorf("the list of commands lacks %s of %s", name, c.Name)
				}
			}
		}
		return
	}
	t.Errorf("there is no list of commands under %q", synopsis)
}

// TestVersion: the names of packages in the pages are those of this version.
func TestVersion(t *testing.T) {
	named := regexp.MustCompile(`hf2olmo[-_](\d+\.\d+\.\d+)`)
	found := 0
	for _, b := range pageBlocks(t) {
		for _, m := range named.FindAllStringSubmatch(b.text, -1) {
			if found++; m[1] != version() {
				t.Errorf("%v: %s, and this is %s", b, m[0], version())
			}
		}
	}
	if found == 0 {
		t.Error("no package is named")
	}
}
