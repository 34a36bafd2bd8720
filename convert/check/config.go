package check

import (
	"io"
	"strings"

	"hf2olmo/convert/olmo"
)

const configFile = olmo.ConfigFile

// config is a config.yaml that could be read.
type config struct {
	top   *mapping
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
	f, info, err := c.open(configFile)
	var text []byte
	if err == nil {
		defer f.Close()
		text, err = io.ReadAll(io.LimitReader(f, min(info.Size(), largestConfig+1)))
	}
	var v value
	if err == nil {
		v, err = parseYAML(text)
	}
	if err != nil {
		c.add(Finding{Code: "config-yaml", File: configFile, Problem: "cannot be read as YAML: " + err.Error(),
			Trainer: "The trainer stops with an error of its YAML parser.", Hint: "Correct the file."})
		return
	}
	top, ok := v.data.(*mapping)
	if !ok && v.data != nil {
		c.add(Finding{Code: "config-yaml", File: configFile, Problem: "is not a mapping of fields", Found: v.String(),
			Trainer: "The trainer stops with TypeError or OLMoConfigurationError.", Hint: "Put the config of the run here."})
		return
	}
	if top == nil {
		top = &mapping{}
	}
	c.config = &config{top: top}
}

// checkConfig checks what config.yaml says.
func (c *checker) checkConfig() {
	if c.config == nil {
		return
	}
	c.checkSection(topSection, "", c.config.top)
	c.checkModelSection()
	c.checkTokenizer()
	c.checkResume()
}

// flag is the value of a field that is true or false, with its default where it is left out.
func (c *checker) flag(name string) bool {
	if c.config == nil {
		return false
	}
	v, err := coerceBool(c.config.top.get(name))
	on, _ := v.(bool)
	return err == nil && on
}

// text is the value of a field that is a text, "" where it is left out or null.
func (m *mapping) text(name string) string {
	s, _ := m.get(name).data.(string)
	return s
}

// joined lists names for a message.
func joined(names []string) string { return strings.Join(names, ", ") }
