package check_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hf2olmo/convert/check"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

var testdata string // absolute, for the tests run where a tokenizer.json is

// fresh copies a checkpoint that the real trainer saved.
func fresh(t *testing.T, kind, name string) string {
	t.Helper()
	from := filepath.Join(testdata, "checkpoints", kind, "step3")
	if kind == "unsharded" {
		from += "-unsharded"
	}
	if name == "" {
		name = filepath.Base(from)
	}
	dir := filepath.Join(t.TempDir(), name)
	must(t, os.CopyFS(dir, os.DirFS(from)))
	return dir
}

func run(t *testing.T, dir string) *check.Report {
	t.Helper()
	report, err := check.Folder(context.Background(), dir, check.Options{Full: true})
	must(t, err)
	return report
}

// TestMain changes to a folder that holds the tokenizer.json that the fixtures'
// config.yaml names.
func TestMain(m *testing.M) {
	var err error
	if testdata, err = filepath.Abs("../../testdata"); err != nil {
		panic(err)
	}
	fuzzing := slices.ContainsFunc(os.Args, func(a string) bool { return strings.HasPrefix(a, "-test.fuzz=") })
	if !fuzzing { // whose workers are started from the package's own folder
		err = os.Chdir(filepath.Join(testdata, "models", "olmo"))
	}
	if err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestCheckpointsOfTheTrainerLoad(t *testing.T) {
	for kind, want := range map[string]check.Kind{"unsharded": check.Unsharded, "legacy": check.Legacy,
		"new": check.New, "local": check.Local} {
		report := run(t, fresh(t, kind, ""))
		if report.Kind != want || !report.Loads() {
			t.Errorf("%s: %s, %+v", kind, report.Kind, report.Findings)
		}
	}
}

type damageCase struct {
	name     string
	kind     string // of the checkpoint; "" for unsharded
	folder   string // its name; "" for that of the trainer
	damage   damage
	code     string
	severity check.Severity
	words    string
}

// damages are checkpoints of the real trainer with something wrong, and what is said of
// it: severity, code and words of the finding. testdata/interop/test_check.py shows what
// the trainer does with the same.
var damages = []damageCase{
	{"name", "", "step3", nil, "name", check.Error, "FileNotFoundError: rank0.pt not found"},
	{"no model.pt", "", "", remove("model.pt"), "model-missing", check.Error, "FileNotFoundError: model.pt"},
	{"no optim.pt", "", "", remove("optim.pt"), "optim-missing", check.Error, "--reset_optimizer_state=true"},
	{"no optim.pt, reset", "", "", all(remove("optim.pt"),
		edit("config.yaml", "reset_optimizer_state: false", "reset_optimizer_state: true")), "optim-missing", check.Note,
		"starts from scratch"},
	{"optim.pt, reset", "", "", edit("config.yaml", "reset_optimizer_state: false",
		"reset_optimizer_state: true"), "optim-unused", check.Note, "does not read it"},
	{"optim.pt, reset: how to keep it", "", "", edit("config.yaml", "reset_optimizer_state: false",
		"reset_optimizer_state: true"), "optim-unused", check.Note,
		"continue with it: --reset_optimizer_state=false. --try_load_latest_save"},
	{"optim.pt, all reset: how to keep it", "", "",
		all(edit("config.yaml", "reset_optimizer_state: false", "reset_optimizer_state: true"),
			edit("config.yaml", "reset_trainer_state: false", "reset_trainer_state: true")), "optim-unused", check.Note,
		"--reset_optimizer_state=false --reset_trainer_state=false"},
	{"no train.pt", "", "", remove("train.pt"), "train-missing", check.Error, "required even with --reset_trainer_state"},
	{"no config.yaml", "", "", remove("config.yaml"), "config-missing", check.Error, "FileNotFoundError: config.yaml"},
	{"optim.pt empty", "", "", pickled("optim.pt", pickle.Dict{}), "optim-broken", check.Error, "KeyError"},
	{"optim.pt of another model", "", "", pickled("optim.pt", otherOptim), "optim-names", check.Error,
		"doesn't match the size"},
	{"train.pt empty", "", "", pickled("train.pt", pickle.Dict{}), "train-broken", check.Error, "KeyError: 'checkpoints'"},
	{"train.pt empty, reset", "", "", all(pickled("train.pt", pickle.Dict{}),
		edit("config.yaml", "reset_trainer_state: false", "reset_trainer_state: true")), "", check.Note, ""},
	{"train.pt with texts", "", "", pickled("train.pt",
		pickle.Dict{{Key: "checkpoints", Value: []any{"a"}}, {Key: "unsharded_checkpoints", Value: []any{}},
			{Key: "global_step", Value: int64(1)}}), "train-broken", check.Error, "has no attribute 'is_dir'"},
	{"safetensors of HF", "", "", copied("models/olmo/model.safetensors", "model.safetensors"), "shadowed", check.Error,
		"binascii.Error"},
	{"safetensors junk", "", "", write("optim.safetensors", "junk"), "shadowed", check.Error, "SafetensorError"},
	{"model.pt cut", "", "", cutTo("model.pt", 3000), "unreadable", check.Error, "failed reading zip archive"},
	{"model.pt empty", "", "", cutTo("model.pt", 0), "unreadable", check.Error, "EOFError"},
	{"model.pt of other objects", "", "", copied("checkpoints/unsharded/step3-unsharded/train.pt", "model.pt"),
		"not-tensors", check.Error, "Weights only load failed"},
	{"model.pt of a script", "", "", copied("../convert/torchfile/testdata/refused/torchscript.bin", "model.pt"),
		"not-tensors", check.Error, "TorchScript"},
	{"one byte changed", "", "", flip, "checksum", check.Error, "silently"},
	{"HF names", "", "", copied("models/llama-bin/pytorch_model.bin", "model.pt"), "hf-names", check.Error,
		"run hf2olmo convert"},
	{"module.", "", "", renamed(func(s string) string { return "module." + s }), "wrapped-names", check.Error, "KeyError"},
	{"model.", "", "", renamed(func(s string) string { return "model." + s }), "wrapped-names", check.Error, "hf_olmo"},
	{"_orig_mod.", "", "", renamed(func(s string) string { return "_orig_mod." + s }), "wrapped-names", check.Error,
		"torch.compile"},
	{"_fsdp_wrapped_module.", "", "", renamed(func(s string) string { return "_fsdp_wrapped_module." + s }),
		"wrapped-names", check.Note, "strips it"},
	{"missing", "", "", weigh(func(l []held) []held { return l[1:] }), "tensor-missing", check.Error, "KeyError"},
	{"surplus", "", "", weigh(func(l []held) []held {
		return append(l, held{"transformer.ff_out.weight", l[0].dtype, l[0].shape, l[0].data})
	}), "tensor-surplus", check.Error, "silently"},
	{"transposed", "", "", one("att_proj.weight", func(h *held) { h.shape = []int64{h.shape[1], h.shape[0]} }),
		"tensor-shape", check.Error, "silently loads the elements in the wrong order"},
	{"larger", "", "", one("att_proj.weight", func(h *held) {
		h.shape[0] *= 2
		h.data = append(h.data, h.data...)
	}), "tensor-shape", check.Error, "silently loads the first elements, drops the rest"},
	{"smaller", "", "",
		one("att_proj.weight", func(h *held) { h.shape[0] /= 2; h.data = h.data[:len(h.data)/2] }), "tensor-shape",
		check.Error, "must match the size"},
	{"integers", "", "", one("att_proj.weight", func(h *held) { h.dtype = tensor.Int32 }), "tensor-dtype", check.Error,
		"silently"},
	{"NaN", "", "", one("att_proj.weight", func(h *held) { copy(h.data[8:], []byte{0, 0, 0xc0, 0x7f}) }), "nan",
		check.Error, "contains NaNs"},
	{"infinity", "", "", one("att_proj.weight", func(h *held) { copy(h.data[8:], []byte{0, 0, 0x80, 0x7f}) }),
		"infinite", check.Warning, "the loss is likely to be NaN"},
	{"zeros", "", "", one("att_proj.weight", func(h *held) { clear(h.data) }), "zeros", check.Warning, "cut off"},
	{"a group of one", "", "", renamed(func(s string) string {
		return strings.Replace(s, "blocks.0.", "block_groups.0.0.", 1)
	}), "tensor-missing", check.Error, "KeyError"},
	{"another kind, named unsharded", "legacy", "step3-unsharded", nil, "name", check.Error, "model.pt not found"},
	{"legacy: a rank missing", "legacy", "", remove("rank1.pt"), "rank-missing", check.Error, "rank1.pt"},
	{"legacy: a rank too many", "legacy", "", copied("checkpoints/legacy/step3/rank1.pt", "rank7.pt"),
		"rank-surplus", check.Warning, "mixed"},
	{"legacy: a rank cut", "legacy", "", cutTo("rank1.pt", 3000), "unreadable", check.Error, "rank1.pt"},
	{"legacy: another config", "legacy", "", edit("config.yaml", "mlp_hidden_size: 16", "mlp_hidden_size: 32"),
		"tensor-shape", check.Error, "size mismatch"},
	{"legacy: another checkpointer", "legacy", "", edit("config.yaml", "\nsharded_checkpointer: torch_legacy",
		"\nsharded_checkpointer: local"), "checkpointer", check.Error, "--load_path_sharded_checkpointer=torch_legacy"},
	{"legacy: how it is said", "legacy", "", nil, "sharded", check.Note, "--load_path_sharded_checkpointer=torch_legacy"},
	{"legacy: as many ranks", "legacy", "", nil, "world-size", check.Note, "2 processes"},
	{"new: no .metadata", "new", "", remove("model_and_optim/.metadata"), "metadata-missing", check.Error,
		".metadata not found"},
	{"new: .metadata cut", "new", "", cutTo("model_and_optim/.metadata", 5000), "unreadable", check.Error, ""},
	{"new: a file missing", "new", "", remove("model_and_optim/__1_0.distcp"), "part-missing", check.Error,
		"FileNotFoundError"},
	{"new: a file cut", "new", "", cutTo("model_and_optim/__1_0.distcp", 5000), "part-short", check.Error, "cut short"},
	{"new: no train", "new", "", remove("train"), "train-missing", check.Error, "FileNotFoundError"},
	{"new: another config", "new", "", edit("config.yaml", "n_layers: 1", "n_layers: 2"), "tensor-missing", check.Error,
		"Missing key(s)"},
	{"new: another checkpointer", "new", "", edit("config.yaml", "\nsharded_checkpointer: torch_new",
		"\nsharded_checkpointer: torch_legacy"), "checkpointer", check.Error, "rank0.pt"},
	{"new: a later torch", "new", "", nil, "old-torch", check.Warning, "TypeError"},
	{"local: a rank missing", "local", "", remove("model/rank1.pt"), "rank-missing", check.Error, "rank1.pt"},
	{"local: the optimizer's missing", "local", "", remove("optim/rank0.pt"), "rank-missing", check.Error, "optim"},
	{"local: no metadata.yaml", "local", "", remove("metadata.yaml"), "metadata-missing", check.Error,
		"metadata.yaml not found"},
	{"local: a later torch", "local", "", nil, "old-torch", check.Warning, "NotImplementedError"},
}

// otherOptim is an optimizer's state of a model with one other parameter.
var otherOptim = pickle.Dict{{Key: "state", Value: pickle.Dict{}},
	{Key: "param_groups", Value: []any{pickle.Dict{{Key: "params", Value: []any{"other.weight"}}}}}}

func flip(t *testing.T, dir string) {
	path := filepath.Join(dir, "model.pt")
	data, err := os.ReadFile(path)
	must(t, err)
	data[len(data)/2] ^= 1
	must(t, os.WriteFile(path, data, 0o644))
}

func TestDamage(t *testing.T) {
	for _, c := range append(damages, configDamages...) {
		t.Run(c.name, func(t *testing.T) {
			kind := c.kind
			if kind == "" {
				kind = "unsharded"
			}
			dir := fresh(t, kind, c.folder)
			if c.damage != nil {
				c.damage(t, dir)
			}
			expect(t, run(t, dir), c.code, c.severity, c.words)
		})
	}
}

// expect looks for a finding; an empty code means that the folder would load.
func expect(t *testing.T, report *check.Report, code string, severity check.Severity, words string) {
	t.Helper()
	text, err := json.MarshalIndent(report, "", " ")
	must(t, err)
	if code == "" {
		if !report.Loads() {
			t.Errorf("does not load:\n%s", text)
		}
		return
	}
	if severity == check.Error && report.Loads() {
		t.Errorf("loads in spite of it:\n%s", text)
	}
	for _, f := range report.Findings {
		text := strings.Join([]string{f.File, f.Tensor, f.Message(), f.Expected, f.Found, f.Hint}, " ")
		if f.Code == code && f.Severity == severity && strings.Contains(strings.ToLower(text), strings.ToLower(words)) {
			return
		}
	}
	t.Errorf("no %s %q with %q in:\n%s", severity, code, words, text)
}
