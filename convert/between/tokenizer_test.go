package between_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hf2olmo/convert"
	"hf2olmo/convert/between"
	"hf2olmo/convert/converttest"
)

// TestTokenizer: of several tokenizers that of the checkpoint's folder goes along, as it does with an export; then the
// one that its config names, then what the run started from has.
func TestTokenizer(t *testing.T) {
	ctx := context.Background()
	start, err := converttest.Convert(ctx, "../../testdata/models/olmo2", convert.Options{Into: t.TempDir()})
	must(t, err)
	own, named := filepath.Join(start.Output, "tokenizer.json"), filepath.Join(t.TempDir(), "named.json")
	text, err := os.ReadFile(own)
	must(t, err)
	spaced := func(n int) string { return string(text) + strings.Repeat("\n", n) }
	must(t, os.WriteFile(named, []byte(spaced(2)), 0o666))
	config := filepath.Join(start.Output, "config.yaml")
	converttest.Edit(t, config, "identifier: "+own, "identifier: "+named)
	carried := func(checkpoint string) string {
		made, err := between.Prepare(ctx, checkpoint, between.Options{Target: "olmo-core", Into: t.TempDir(),
			NoOptimizer: true})
		must(t, err)
		_, err = made.Write(ctx)
		must(t, err)
		text, err := os.ReadFile(filepath.Join(made.Output, "tokenizer.json"))
		must(t, err)
		return string(text)
	}
	if carried(start.Output) != spaced(0) {
		t.Error("not the one in the folder")
	}
	run := filepath.Join(t.TempDir(), "step3-unsharded")
	must(t, os.CopyFS(run, os.DirFS(start.Output)))
	must(t, os.Remove(filepath.Join(run, "tokenizer.json")))
	must(t, os.Remove(filepath.Join(run, "hf2olmo.json")))
	if carried(run) != spaced(2) {
		t.Error("not the one that the config names")
	}
	must(t, os.Remove(named))
	config = filepath.Join(run, "config.yaml")
	edited, err := os.ReadFile(config)
	must(t, err)
	edited = regexp.MustCompile(`(?m)^load_path: .*$`).ReplaceAll(edited, []byte("load_path: "+start.Output))
	must(t, os.WriteFile(config, edited, 0o666))
	if carried(run) != spaced(0) {
		t.Error("not the one that the run started from")
	}
}
