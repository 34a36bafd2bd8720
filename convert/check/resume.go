package check

import (
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/folder"
)

// checkResume looks at the fields that say what is loaded when training is started
// with this config.yaml.
func (c *checker) checkResume() {
	v := c.config.top.Get("load_path")
	path, _ := v.Text()
	hint := "Say what to load when you start: --load_path=" + folder.ShellQuote(c.renamed())
	switch {
	case v.Interpolated():
		c.add(Finding{Severity: Note, Code: "load-path", File: configFile, Tensor: "load_path", Problem: "is filled in by OmegaConf when training starts", Found: path,
			Hint: hint + ", to be sure that it is this folder."})
	case path == "":
		c.add(Finding{Severity: Note, Code: "load-path", File: configFile, Tensor: "load_path", Problem: "is not set, as in every checkpoint of a run that began anew",
			Trainer: "Started with this config.yaml as it stands, the trainer loads nothing and begins with random weights.", Hint: hint})
	case strings.Contains(path, "://"):
		c.add(Finding{Severity: Warning, Code: "load-path", File: configFile, Tensor: "load_path", Problem: "leads elsewhere", Expected: c.renamed(), Found: path,
			Trainer: "Started with this config.yaml as it stands, the trainer loads that.", Hint: hint})
	default:
		c.checkLocalPath(path, hint)
	}
	if c.flag("try_load_latest_save") {
		c.add(Finding{Severity: Note, Code: "try-load-latest", File: configFile, Tensor: "try_load_latest_save", Problem: "is set",
			Trainer: "Where save_folder holds a checkpoint, the trainer loads the latest one there in place of this folder, and no reset flag counts."})
	}
}

func (c *checker) checkLocalPath(path, hint string) {
	there, err := os.Stat(path)
	here, err2 := os.Stat(c.path)
	switch {
	case err != nil:
		c.add(Finding{Severity: Warning, Code: "load-path", File: configFile, Tensor: "load_path", Problem: "leads to a folder that is not there", Expected: c.renamed(), Found: path,
			Trainer: "Started with this config.yaml as it stands, the trainer stops: FileNotFoundError.", Hint: hint + " (or correct it in config.yaml)."})
	case err2 == nil && !os.SameFile(there, here):
		c.add(Finding{Severity: Warning, Code: "load-path", File: configFile, Tensor: "load_path", Problem: "leads to another folder", Expected: c.renamed(), Found: path,
			Trainer: "Started with this config.yaml as it stands, the trainer loads that one.", Hint: hint + " (or correct it in config.yaml)."})
	case strings.HasSuffix(filepath.Clean(path), "-unsharded") != (c.report.Kind == Unsharded):
		c.add(Finding{Severity: Warning, Code: "load-path", File: configFile, Tensor: "load_path", Problem: "names this folder by a name of the wrong kind", Found: path,
			Trainer: "The trainer chooses its loader by that name.", Hint: hint})
	}
}
