// Package relocate is for a folder that was moved after it was written: the paths in its config and in its manifest
// become those of where it is. No tensor is touched.
//
//	result, err := relocate.Folder("/new/place/OLMo-2-0425-1B-unsharded")
package relocate

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/olmo"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/regular"
)

// A Result is what was rewritten.
type Result struct {
	Folder string   // absolute
	From   string   // where it was when it was written
	Files  []string // that were rewritten; none if it was not moved
}

// Folder rewrites the paths in a folder that convert or export wrote. Paths in a config that name anything but the
// folder's earlier place stay.
func Folder(ctx context.Context, dir string) (*Result, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	m := folder.ReadManifest(path)
	if _, err := os.Stat(path); m == nil && disk.Absent(err) {
		return nil, &fault.Fault{File: dir, Problem: "does not exist"}
	}
	if m == nil {
		return nil, &fault.Fault{File: dir, Problem: "has no " + folder.ManifestFile + ", so where it was is not known",
			Hint: "Give a folder that hf2olmo wrote."}
	}
	if err := m.TooNew(path); err != nil {
		return nil, err
	}
	r := &Result{Folder: path, From: m.Output}
	if m.Output == path {
		return r, nil
	}
	for _, config := range []struct {
		name    string
		rewrite func(config []byte, from, to string) ([]byte, error)
	}{{olmo.ConfigFile, olmo.Relocate}, {olmocore.ConfigFile, relocateJSON}} {
		changed, err := rewriteConfig(path, config.name, m, config.rewrite)
		if err != nil {
			return nil, err
		}
		if changed {
			r.Files = append(r.Files, config.name)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	m.Output = path
	text, err := m.Text()
	if err != nil {
		return nil, err
	}
	r.Files = append(r.Files, folder.ManifestFile)
	return r, folder.Rewrite(path, folder.ManifestFile, text)
}

// rewriteConfig rewrites a config, if there is one that names the earlier place. One that nobody edited since it was
// written counts as not edited afterwards.
func rewriteConfig(dir, name string, m *folder.Manifest,
	rewrite func(config []byte, from, to string) ([]byte, error)) (changed bool, err error) {
	if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
		return false, nil
	}
	config, err := regular.Read(filepath.Join(dir, name), omegaconf.MaxSize)
	if err != nil {
		return false, &fault.Fault{File: filepath.Join(dir, name), Problem: "cannot be read: " + fault.Cause(err)}
	}
	rewritten, err := rewrite(config, m.Output, dir)
	if err != nil || bytes.Equal(config, rewritten) {
		return false, err
	}
	if err := folder.Rewrite(dir, name, rewritten); err != nil {
		return false, err
	}
	m.Rewritten(name, config, rewritten)
	return true, nil
}

// relocateJSON replaces texts that are the earlier path, wherever they are in a config.json.
func relocateJSON(config []byte, from, to string) ([]byte, error) {
	was, err := text(from)
	if err != nil {
		return nil, err
	}
	is, err := text(to)
	return bytes.ReplaceAll(config, was, is), err
}

// text is a text in JSON, as keymap writes it.
func text(s string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return bytes.TrimSpace(b.Bytes()), err
}
