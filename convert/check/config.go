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
	model map[string]any // the section for the model, by type as the trainer has it; nil where that cannot be told
}

// readConfig reads config.yaml.
func (c *checker) readConfig() {
	if !c.has(configFile) {
		c.add(Finding{Code: "config-missing", File: configFile, Problem: "is missing, so nothing says what the shapes should be",
			Trainer: "The trainer itself is started with a config and does not look for this one; OLMo.from_checkpoint and Tokenizer.from_checkpoint stop: FileNotFoundError: config.yaml not found.",
			Hint:    "Put the config of the run that saved the checkpoint here. Its model: section must be the one that the weights were made with."})
		return
	}
	v := &omegaconf.Document{}
	text, err := regular.Read(filepath.Join(c.path, configFile), omegaconf.MaxSize)
	if err == nil {
		v, err = omegaconf.Read(text)
	}
	if err != nil {
		c.add(Finding{Code: "config-yaml", File: configFile, Problem: "cannot be read as YAML: " + err.Error(),
			Trainer: "The trainer stops with an error of its YAML parser.", Hint: "Correct the file."})
		return
	}
	top, ok := v.Data.(*omegaconf.Mapping)
	if !ok && v.Data != nil {
		c.add(Finding{Code: "config-yaml", File: configFile, Problem: "is not a mapping of fields", Found: v.String(),
			Trainer: "The trainer stops with TypeError or OLMoConfigurationError.", Hint: "Put the config of the run here."})
		return
	}
	if top == nil {
		top = &omegaconf.Mapping{}
	}
	c.config = &config{top: top}
	if v.Nodes > omegaconf.ManyNodes {
		c.add(Finding{Severity: Warning, Code: "config-large", File: configFile, Problem: "has more values than OmegaConf 2.4 reads",
			Expected: fmt.Sprintf("at most %d", omegaconf.ManyNodes), Found: fmt.Sprint(v.Nodes),
			Trainer: "With OmegaConf 2.4 or later the trainer stops: ConstructorError: YAML node expansion exceeds the configured limit.",
			Hint:    "Set OMEGACONF_MAX_YAML_EXPANDED_NODES=none where you start the trainer."})
	}
}

// checkConfig checks what config.yaml says.
func (c *checker) checkConfig() {
	if c.config == nil {
		return
	}
	c.checkSection(olmo.TopSection, "", c.config.top)
	c.checkModelSection()
	c.checkTokenizer()
	c.checkResume()
}

// flag is the value of a field that is true or false, with its default where it is left out.
func (c *checker) flag(name string) bool {
	if c.config == nil {
		return false
	}
	v, err := c.config.top.Get(name).As("bool")
	on, _ := v.(bool)
	return err == nil && on
}

// text is the value of a field that is a text, "" if it is left out, null, or filled in by OmegaConf.
func text(m *omegaconf.Mapping, name string) string {
	s, _ := m.Get(name).Text()
	return s
}

// joined lists names for a message.
func joined(names []string) string { return strings.Join(names, ", ") }
