package check

import (
	"os"
	"path/filepath"
	"strings"

	"hf2olmo/convert/folder"
)

// checkResume looks at the fields that say what is loaded when training is started
// with this config.yaml.
func (c configChecks) checkResume() {
	v := c.config.top.Get("load_path")
	path, _ := v.Text()
	here := folder.ShellQuote(c.dir.renamed(c.report.Kind))
	switch {
	case v.Interpolated():
		c.add("load-path/interpolated", about{file: configFile, tensor: "load_path", found: path}, "path", here)
	case path == "":
		c.add("load-path/unset", about{file: configFile, tensor: "load_path"}, "path", here)
	case strings.Contains(path, "://"):
		c.add("load-path/remote", about{file: configFile, tensor: "load_path",
			expected: c.dir.renamed(c.report.Kind), found: path}, "path", here)
	default:
		c.checkLocalPath(path, here)
	}
	if c.config.flag("try_load_latest_save") {
		c.add("try-load-latest", about{file: configFile, tensor: "try_load_latest_save"})
	}
}

func (c configChecks) checkLocalPath(path, here string) {
	there, err := os.Stat(path)
	this, err2 := os.Stat(c.dir.path)
	switch {
	case err != nil:
		c.add("load-path/missing", about{file: configFile, tensor: "load_path",
			expected: c.dir.renamed(c.report.Kind), found: path}, "path", here)
	case err2 == nil && !os.SameFile(there, this):
		c.add("load-path/other-folder", about{file: configFile, tensor: "load_path",
			expected: c.dir.renamed(c.report.Kind), found: path}, "path", here)
	case strings.HasSuffix(filepath.Clean(path), "-unsharded") != (c.report.Kind == Unsharded):
		c.add("load-path/wrong-name", about{file: configFile, tensor: "load_path", found: path}, "path", here)
	}
}
