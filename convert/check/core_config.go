package check

import (
	"bytes"
	_ "embed"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/olmocore"
	"hf2olmo/convert/regular"
	"hf2olmo/keymap"
)

//go:embed core.yaml
var coreText []byte

// coreClasses are the fields of OLMo-core's config classes.
var coreClasses = sync.OnceValues(func() (classes map[string][]string, err error) {
	err = yaml.UnmarshalWithOptions(coreText, &classes, yaml.Strict())
	return classes, err
})

var coreTarget = sync.OnceValues(func() (*keymap.Target, error) { return keymap.TargetNamed("olmo-core") })

// classField is what OLMo-core writes the class of an object under.
const classField = "_CLASS_"

// coreModel reads the model section of config.json, nil if there is none.
func (c coreChecks) coreModel() map[string]any {
	text, err := regular.Read(filepath.Join(c.dir.path, olmocore.ConfigFile), olmocore.MaxConfig)
	if err != nil {
		c.add("core-config/unreadable", about{file: olmocore.ConfigFile}, "cause", fault.Cause(err))
		return nil
	}
	config, err := jsonfile.ReadObject(bytes.NewReader(text), jsonfile.ConfigLimits)
	coreTokenizerChecks{c.checker}.checkCoreTokenizer(config)
	model, _ := config["model"].(map[string]any)
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
	classes, err := coreClasses()
	if err != nil {
		return err
	}
	c.coreFields(classes, "model", model)
	target, err := coreTarget()
	if err != nil || checkpoint == nil {
		return err
	}
	byName := map[string]saved{}
	for _, t := range checkpoint.Tensors {
		if name, isModel := strings.CutPrefix(t.Name, olmocore.ModelPrefix+"."); isModel {
			byName[name] = saved{t.Name, t.Shape, t.DType}
		}
	}
	config, ok := target.ReadBack(map[string]any{"model": model}, len(byName))
	if !ok {
		c.add("core-config/unknown-model", about{file: olmocore.ConfigFile, tensor: "model"})
		return nil
	}
	has := func(name string) bool { _, ok := byName[name]; return ok }
	declared, refusals := target.StateDict(config, len(byName), has)
	for _, r := range refusals {
		c.add("config-model/olmo-core", about{file: olmocore.ConfigFile, tensor: "model"}, "problem", r.Because)
	}
	if declared != nil {
		tensorChecks{c.checker}.compareDeclared(index, byName, declared, coreFormat)
	}
	return nil
}

// coreFields looks for fields that OLMo-core's classes do not have.
func (c coreChecks) coreFields(classes map[string][]string, at string, v any) {
	if list, isList := v.([]any); isList {
		for i, item := range list {
			c.coreFields(classes, at+"."+strconv.Itoa(i), item)
		}
	}
	object, _ := v.(map[string]any)
	class, _ := object[classField].(string)
	fields, known := classes[class]
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if known && name != classField && name != "type" && !slices.Contains(fields, name) {
			c.add("config-unknown-key/olmo-core", about{file: olmocore.ConfigFile, tensor: at + "." + name}, "section",
				class, "class", class[strings.LastIndexByte(class, '.')+1:], "key", name)
		}
		c.coreFields(classes, at+"."+name, object[name])
	}
}
