package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"hf2olmo": func() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the command line as users do, in testdata/scripts. Each script
// has the bundled models under $MODELS, and commands that damage copies of them.
func TestScripts(t *testing.T) {
	models, err := filepath.Abs("../../testdata/models")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/scripts",
		Setup: func(env *testscript.Env) error {
			env.Setenv("MODELS", models)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"copydir": copyDir,    // copydir FROM TO
			"json":    setJSON,    // json FILE KEY VALUE: sets, or with "-" deletes, a key of config.json
			"tensor":  editTensor, // tensor FILE rename|shape|dtype|nan|bit NAME [VALUE]: damages a safetensors file
			"prefix":  prefix,     // prefix FILE OLD NEW: puts NEW in place of the OLD that names of tensors begin with
			"cut":     cut,        // cut FILE BYTES: leaves so many bytes
			"empty":   empty,      // empty DIR: fails unless the folder has no entry, hidden ones included
		},
	})
}
