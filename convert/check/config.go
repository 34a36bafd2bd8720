package check

import (
	"fmt"
	"path/filepath"
	"strings"

	"hf2olmo/convert/olmo"
	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/regular"
)

const configFile = olmo.ConfigFile

// config is a config.yaml that could be read.
type config struct {
	top   *omegaconf.Mapping
	model map[string]any // the section for the model, by type as the trainer has it; nil if it is not known
}

// configChecks are about config.yaml.
type configChecks struct{ *checker }

// readConfig reads config.yaml.
func (c configChecks) readConfig() {
	if !c.dir.has(configFile) {
		c.add("config-missing", about{file: configFile})
		return
	}
	v := &omegaconf.Document{}
	text, err := regular.Read(filepath.Join(c.dir.path, configFile), omegaconf.MaxSize)
	if err == nil {
		v, err = omegaconf.Read(text)
	}
	if err != nil {
		c.add("config-yaml/unreadable", about{file: configFile}, "cause", err)
		return
	}
	top, ok := v.Data.(*omegaconf.Mapping)
	if !ok && v.Data != nil {
		c.add("config-yaml/no-mapping", about{file: configFile, found: v.String()})
		return
	}
	if top == nil {
		top = &omegaconf.Mapping{}
	}
	c.config = &config{top: top}
	if v.Nodes > omegaconf.ManyNodes {
		c.add("config-large", about{file: configFile, expected: fmt.Sprintf("at most %d", omegaconf.ManyNodes),
			found: fmt.Sprint(v.Nodes)})
	}
}

// checkConfig checks what config.yaml says.
func (c configChecks) checkConfig() {
	if c.config == nil {
		return
	}
	c.checkSection(olmo.TopSection, "", c.config.top)
	c.checkModelSection()
	tokenizerChecks{c.checker}.checkTokenizer()
	c.checkResume()
}

// text is the value of a field that is a text, "" if it is left out, null, or filled in by OmegaConf.
func text(m *omegaconf.Mapping, name string) string {
	s, _ := m.Get(name).Text()
	return s
}

// joined lists names for a message.
func joined(names []string) string { return strings.Join(names, ", ") }

// flag is the value of a field that is true or false, with its default if it is left out.
func (c *config) flag(name string) bool {
	if c == nil {
		return false
	}
	v, err := c.top.Get(name).As("bool")
	on, _ := v.(bool)
	return err == nil && on
}

// configured is the loader that the trainer takes for a sharded checkpoint with this
// config.yaml and no flag.
func (c *config) configured() Kind {
	if c != nil {
		for _, field := range []string{"load_path_sharded_checkpointer", "sharded_checkpointer"} {
			if name, ok := c.top.Get(field).Data.(string); ok {
				return Kind(name)
			}
		}
	}
	return Legacy
}
