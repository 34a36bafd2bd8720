package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	fixtures "hf2olmo/testdata/sharded"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"hf2olmo": func() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the scripts in testdata/scripts, which use the command line as users do. Each has the bundled models
// in $MODELS, checkpoints of the trainer in $CHECKPOINTS, and commands that damage copies of them.
func TestScripts(t *testing.T) {
	models, err := filepath.Abs("../../testdata/models")
	if err != nil {
		t.Fatal(err)
	}
	sharded := sync.OnceValue(func() string { return fixtures.Extract(t) })
	copyRun := func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(filepath.Join(sharded(), "hf", args[0]))))
	}
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/scripts",
		Setup: func(env *testscript.Env) error {
			env.Setenv("MODELS", models)
			env.Setenv("CHECKPOINTS", filepath.Join(filepath.Dir(models), "checkpoints"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"copydir": copyDir,    // copydir FROM TO
			"json":    setJSON,    // json FILE KEY VALUE: sets, or with "-" deletes, a key of config.json
			"tensor":  editTensor, // tensor FILE rename|shape|dtype|nan|bit NAME [VALUE]: damages a safetensors file
			"prefix":  prefix,     // prefix FILE OLD NEW: replaces the prefix OLD of the names of tensors by NEW
			"cut":     cut,        // cut FILE BYTES: truncates a file
			"run":     copyRun,    // run NAME TO: copies a sharded run of a trainer, with the whole model in expected
			"empty":   empty,      // empty DIR: fails unless the folder has no entry, hidden ones included
		},
	})
}
