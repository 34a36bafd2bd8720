package native_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hf2olmo/convert/native"
	fixtures "hf2olmo/testdata/sharded"
)

// TestLatest: the latest step of a run is the latest of which no file is missing, in every layout, and the others
// are named with what they lack.
func TestLatest(t *testing.T) {
	olmo := filepath.Join(fixtures.Extract(t), "olmo")
	for name, lost := range map[string][]string{
		"t215-torch_legacy": {"rank0.pt", "rank1.pt", "rank2.pt"},
		"t22-local":         {"model/rank2.pt", "optim/rank1.pt", "train/rank0.pt", "metadata.yaml"},
		"t215-torch_new": {"model_and_optim/__2_0.distcp", "model_and_optim/.metadata", "train/rank1.pt",
			"cut model_and_optim/__0_0.distcp"},
		"t215-olmo_core":  {"model/rank_2.safetensors", "optim/rank_0.safetensors", "train/rank2.pt"},
		"t215-olmo_core3": {"__1_0.distcp", ".metadata", "train/rank0.pt"},
	} {
		for _, file := range lost {
			run := t.TempDir()
			for _, step := range []string{"step2", "step10", "step11-tmp"} {
				must(t, os.CopyFS(filepath.Join(run, step), os.DirFS(filepath.Join(olmo, name, "step3"))))
			}
			later := filepath.Join(run, "step10")
			if got, passed := native.Latest(run); got != later || len(passed) > 0 || native.Find(run) != later {
				t.Fatalf("%s: found %s, passed over %v", name, got, passed)
			}
			file, cut := strings.CutPrefix(file, "cut ")
			if path := filepath.Join(later, file); cut {
				must(t, os.Truncate(path, 1000))
			} else {
				must(t, os.Remove(path))
			}
			got, passed := native.Latest(run)
			if want := filepath.Join(run, "step2"); got != want || native.Find(run) != want {
				t.Errorf("%s without %s: found %s", name, file, got)
			}
			if len(passed) != 1 || passed[0].File != later || !strings.Contains(passed[0].Problem, "is incomplete") {
				t.Errorf("%s without %s: passed over %v", name, file, passed)
			}
			must(t, os.RemoveAll(filepath.Join(run, "step2")))
			if got, passed := native.Latest(run); got != later || len(passed) > 0 || native.Find(run) != later {
				t.Errorf("%s without %s, the only one: found %s", name, file, got)
			}
		}
	}
}
