package olmocore

import (
	"bytes"
	"reflect"

	"hf2olmo/convert/jsonfile"
	"hf2olmo/keymap"
)

// plain puts configs into the spelling in which they can be compared: what earlier versions of this
// program and OLMo-core itself write has other names for some members, and lists defaults.
func plain(configs ...map[string]any) {
	target, err := keymap.TargetNamed("olmo-core")
	if err != nil {
		return // it is bundled, and a test reads it
	}
	for _, config := range configs {
		if model, isObject := config["model"].(map[string]any); isObject {
			config["model"] = keymap.Plain(target, model)
		}
	}
}

// sameConfig reports whether two files are one config, however it is spelled.
func sameConfig(a, b []byte) bool {
	x, err := jsonfile.ReadObject(bytes.NewReader(a), jsonfile.ConfigLimits)
	if err != nil {
		return false
	}
	y, err := jsonfile.ReadObject(bytes.NewReader(b), jsonfile.ConfigLimits)
	plain(x, y)
	return err == nil && reflect.DeepEqual(x, y)
}
