package check

import (
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/omegaconf"
)

const modelSection = "ModelConfig"

// checkSection compares a section of config.yaml with its fields: OmegaConf refuses a
// key that it does not know and a value of another type.
func (c configChecks) checkSection(section, path string, m *omegaconf.Mapping) {
	fields := c.trainer.Sections[section]
	for _, key := range m.Keys() {
		at := strings.TrimPrefix(path+"."+key, ".")
		kind, known := fields[key]
		if !known {
			c.add("config-unknown-key/section", about{file: configFile, tensor: at}, "section", section, "key", key)
			continue
		}
		if kind, newer := strings.CutPrefix(kind, "main: "); newer {
			c.add("config-newer", about{file: configFile, tensor: at}, "section", section, "key", key)
			c.checkField(kind, at, m.Get(key))
			continue
		}
		c.checkField(kind, at, m.Get(key))
	}
}

// checkField compares one value with the type of its field.
func (c configChecks) checkField(kind, at string, v omegaconf.Value) {
	if v.Interpolated() || !v.There || kind == "" {
		return
	}
	if bare, optional := strings.CutSuffix(kind, "?"); optional {
		if kind = bare; v.Data == nil {
			return
		}
	}
	if list, ok := strings.CutPrefix(kind, "["); ok {
		items, isList := v.Data.([]omegaconf.Value)
		if !isList {
			c.wrongType(at, "a list", v)
		}
		for i, item := range items {
			c.checkField(strings.TrimSuffix(list, "]"), fmt.Sprintf("%s[%d]", at, i), item)
		}
		return
	}
	if _, isSection := c.trainer.Sections[kind]; isSection || kind == modelSection {
		m, ok := v.Data.(*omegaconf.Mapping)
		switch {
		case !ok:
			c.wrongType(at, "a mapping of the fields of "+kind, v)
		case kind != modelSection: // which package keymap describes
			c.checkSection(kind, at, m)
		}
		return
	}
	if choices, ok := strings.CutPrefix(kind, "("); ok {
		names := strings.Split(strings.TrimSuffix(choices, ")"), "|")
		if s, isString := v.Data.(string); !isString || !slices.Contains(names, s) && !c.legacyChoice(at, s) {
			c.wrongType(at, "one of "+strings.Join(names, ", "), v)
		}
		return
	}
	if _, err := v.As(kind); err != nil {
		c.wrongType(at, err.Error(), v)
	}
}

// legacyChoice reports whether the trainer itself replaces an old choice.
func (c configChecks) legacyChoice(at, name string) bool {
	return at == "optimizer.name" && name == "decoupled_lionw"
}

func (c configChecks) wrongType(at, expected string, v omegaconf.Value) {
	if _, isBool := v.Data.(bool); isBool && at == "activation_checkpointing" {
		return // true and false are what it was before it had choices
	}
	c.add("config-type", about{file: configFile, tensor: at, expected: expected, found: v.String()})
}
