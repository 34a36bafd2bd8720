package check

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed trainer.yaml
var trainerText []byte

// trainer is what is known of the trainer's configs, from trainer.yaml.
type trainer struct {
	Sections map[string]map[string]string `yaml:"sections"`
}

func readTrainer() (t trainer, err error) {
	err = yaml.UnmarshalWithOptions(trainerText, &t, yaml.Strict())
	return t, err
}

const (
	topSection   = "TrainConfig"
	modelSection = "ModelConfig"
)

// checkSection holds a section of config.yaml against its fields: OmegaConf refuses a
// key that it does not know and a value of another type.
func (c *checker) checkSection(section, path string, m *mapping) {
	fields := c.Sections[section]
	for _, key := range m.keys {
		at := strings.TrimPrefix(path+"."+key, ".")
		kind, known := fields[key]
		if !known {
			c.add(Finding{Code: "config-unknown-key", File: configFile, Tensor: at, Problem: "is no field of " + section,
				Trainer: fmt.Sprintf("The trainer stops: OLMoConfigurationError: Key '%s' not in '%s'.", key, section),
				Hint:    "Remove it from config.yaml; another version of the trainer may have known it."})
			continue
		}
		if kind, newer := strings.CutPrefix(kind, "main: "); newer {
			c.add(Finding{Gravity: Note, Code: "config-newer", File: configFile, Tensor: at, Problem: "is known only to the trainer's main branch",
				Trainer: fmt.Sprintf("The released ai2-olmo 0.6.0 stops: OLMoConfigurationError: Key '%s' not in '%s'.", key, section)})
			c.checkField(kind, at, m.values[key])
			continue
		}
		c.checkField(kind, at, m.values[key])
	}
}

// checkField holds one value against the type of its field.
func (c *checker) checkField(kind, at string, v value) {
	if v.interpolated() || kind == "" {
		return
	}
	if bare, optional := strings.CutSuffix(kind, "?"); optional {
		if kind = bare; v.data == nil {
			return
		}
	}
	if list, ok := strings.CutPrefix(kind, "["); ok {
		items, isList := v.data.([]value)
		if !isList {
			c.wrongType(at, "a list", v)
		}
		for i, item := range items {
			c.checkField(strings.TrimSuffix(list, "]"), fmt.Sprintf("%s[%d]", at, i), item)
		}
		return
	}
	if _, isSection := c.Sections[kind]; isSection || kind == modelSection {
		m, ok := v.data.(*mapping)
		switch {
		case !ok:
			c.wrongType(at, "a mapping of the fields of "+kind, v)
		case kind != modelSection: // which has its own page in package keymap
			c.checkSection(kind, at, m)
		}
		return
	}
	if choices, ok := strings.CutPrefix(kind, "("); ok {
		names := strings.Split(strings.TrimSuffix(choices, ")"), "|")
		if s, isString := v.data.(string); !isString || !slices.Contains(names, s) && !c.legacyChoice(at, s) {
			c.wrongType(at, "one of "+strings.Join(names, ", "), v)
		}
		return
	}
	if _, err := coerce(kind, v); err != nil {
		c.wrongType(at, err.Error(), v)
	}
}

// legacyChoice reports whether the trainer itself replaces an old choice.
func (c *checker) legacyChoice(at, name string) bool {
	return at == "optimizer.name" && name == "decoupled_lionw"
}

func (c *checker) wrongType(at, expected string, v value) {
	if _, isBool := v.data.(bool); isBool && at == "activation_checkpointing" {
		return // true and false are what it was before it had choices
	}
	c.add(Finding{Code: "config-type", File: configFile, Tensor: at, Problem: "has a value of the wrong type", Expected: expected, Found: v.String(),
		Trainer: "The trainer stops with OLMoConfigurationError before it loads anything.", Hint: "Correct it in config.yaml."})
}

// String writes the value for a message.
func (v value) String() string {
	switch d := v.data.(type) {
	case nil:
		return "null"
	case []value:
		return fmt.Sprintf("a list of %d", len(d))
	case *mapping:
		return "a mapping"
	case string:
		return strconv.Quote(d)
	case float64:
		if v.plain != "" {
			return v.plain
		}
	}
	return fmt.Sprint(v.data)
}

// coerce returns a value as OmegaConf makes it of a field's type: int, float64, bool
// or string. The error says what was expected.
func coerce(kind string, v value) (any, error) {
	text, isText := v.data.(string)
	n, isInt := v.data.(int64)
	f, isFloat := v.data.(float64)
	switch kind {
	case "int":
		if isText {
			var err error
			n, err = strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(text), "_", ""), 10, 64)
			isInt = err == nil
		}
		if isInt {
			return int(n), nil
		}
		return nil, fmt.Errorf("a whole number without a point")
	case "float", "number":
		if isText {
			var err error
			f, err = strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(text), "_", ""), 64)
			isFloat = err == nil
		}
		if isInt {
			return float64(n), nil
		}
		if isFloat {
			return f, nil
		}
		return nil, fmt.Errorf("a number")
	case "bool":
		return coerceBool(v)
	case "string", "scalar":
		switch v.data.(type) {
		case nil, []value, *mapping:
			return nil, fmt.Errorf("a text")
		case string:
			return text, nil
		}
		return fmt.Sprint(v.data), nil
	case "list":
		if _, ok := v.data.([]value); !ok {
			return nil, fmt.Errorf("a list")
		}
	case "dict":
		if _, ok := v.data.(*mapping); !ok {
			return nil, fmt.Errorf("a mapping")
		}
	}
	return v.data, nil
}

func coerceBool(v value) (any, error) {
	switch d := v.data.(type) {
	case bool:
		return d, nil
	case int64:
		return d != 0, nil
	case string:
		if n, err := strconv.ParseInt(d, 10, 64); err == nil {
			return n != 0, nil
		}
		switch strings.ToLower(d) {
		case "yes", "y", "on", "true":
			return true, nil
		case "no", "n", "off", "false":
			return false, nil
		}
	}
	return nil, fmt.Errorf("true or false")
}
