package check

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

var coreTarget = sync.OnceValues(func() (*keymap.Target, error) { return keymap.TargetNamed("olmo-core") })

// classField is what OLMo-core writes the class of an object under.
const classField = "_CLASS_"

// coreSection is the part of config.json that describes the model.
const coreSection = "model"

// coreModel reads the model section of config.json, nil if there is none.
func (c coreChecks) coreModel() map[string]any {
	text, err := regular.Read(filepath.Join(c.dir.path, olmocore.ConfigFile), olmocore.MaxConfig)
	if err != nil {
		c.add("core-config/unreadable", about{file: olmocore.ConfigFile}, "cause", fault.Cause(err))
		return nil
	}
	config, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	coreTokenizerChecks{c.checker}.checkCoreTokenizer(config)
	model, _ := config[coreSection].(map[string]any)
	if err != nil || model == nil {
		c.add("core-config/no-model", about{file: olmocore.ConfigFile})
		return nil
	}
	return model
}

// checkCoreConfig compares config.json, from which a script builds the model, with the tensors.
func (c coreChecks) checkCoreConfig(checkpoint *dcp.Checkpoint, index string) error {
	model := c.coreModel()
	if model == nil {
		return nil
	}
	target, err := coreTarget()
	if err != nil {
		return err
	}
	if fit := c.coreFields(target, model); !fit || checkpoint == nil {
		return nil
	}
	byName := map[string]saved{}
	for _, t := range checkpoint.Tensors {
		if name, isModel := strings.CutPrefix(t.Name, olmocore.ModelPrefix+"."); isModel {
			byName[name] = saved{t.Name, t.Shape, t.DType}
		}
	}
	config, ok := target.ReadBack(map[string]any{coreSection: model}, len(byName))
	if !ok {
		c.add("core-config/unknown-model", about{file: olmocore.ConfigFile, tensor: coreSection})
		return nil
	}
	has := func(name string) bool { _, ok := byName[name]; return ok }
	declared, refusals := target.StateDict(config, len(byName), has)
	for _, r := range refusals {
		c.add("config-model/olmo-core", about{file: olmocore.ConfigFile, tensor: coreSection}, "problem", r.Because)
	}
	if declared != nil {
		tensorChecks{c.checker}.compareDeclared(index, byName, declared, coreFormat)
	}
	return nil
}

// coreFields looks for fields that OLMo-core's classes do not have, and for values that they do not take; it
// reports whether there are none of the latter.
func (c coreChecks) coreFields(target *keymap.Target, model map[string]any) bool {
	fit := true
	for _, m := range keymap.Mismatches(target, coreSection, model) {
		if m.Problem != "" {
			fit = false
			c.add("config-model/olmo-core", about{file: olmocore.ConfigFile}, "problem", m.Problem)
			continue
		}
		c.add("config-unknown-key/olmo-core", about{file: olmocore.ConfigFile, tensor: m.At}, "section", m.Class, "class",
			m.Class[strings.LastIndexByte(m.Class, '.')+1:], "key", m.Member)
	}
	return fit
}
