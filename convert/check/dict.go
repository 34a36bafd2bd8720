package check

import (
	"strings"

	"hf2olmo/convert/torchfile"
)

// savedTensors returns the tensors of a state dict, nil if there are none.
func (c *checker) savedTensors(name string, loaded *torchfile.Loaded) []saved {
	dict := torchfile.AsMap(loaded.Value)
	if dict == nil {
		c.add(Finding{Code: "not-tensors", File: name, Problem: "does not contain a dict of tensors",
			Trainer: "The trainer stops: AttributeError (a state dict has keys).", Hint: saveStateDict(name)})
		return nil
	}
	at := map[string]int{} // as in Python, the later of two values of a key counts
	var tensors []saved
	var others []any
	for _, item := range dict.Items {
		key, isText := item.Key.(string)
		t, isTensor := loaded.Tensor(item.Value)
		if !isText || !isTensor {
			others = append(others, item.Key)
			continue
		}
		one := saved{key, t.Shape, t.DType}
		if i, twice := at[key]; twice {
			tensors[i] = one
			continue
		}
		at[key] = len(tensors)
		tensors = append(tensors, one)
	}
	if len(tensors) == 0 {
		c.addNoTensors(name, loaded, dict)
		return nil
	}
	for _, key := range others {
		f := Finding{Code: "not-a-tensor", File: name, Problem: "is not a tensor",
			Trainer: "The trainer stops if the model has a tensor of this name: AttributeError; otherwise its " +
				"FSDP path ignores it, and OLMo.from_checkpoint stops: RuntimeError: Unexpected key(s) in state_dict.",
			Hint: saveStateDict(name)}
		var isText bool
		if f.Tensor, isText = key.(string); !isText {
			f.Problem, f.Trainer = "has a key that is not a text",
				"The trainer stops: AttributeError: object has no attribute 'replace'."
		}
		c.add(f)
	}
	return tensors
}

// addNoTensors is for a dict without tensors; those of a training script may be a level below.
func (c *checker) addNoTensors(name string, loaded *torchfile.Loaded, dict *torchfile.Map) {
	f := Finding{Code: "not-tensors", File: name, Problem: "contains no tensors", Found: keysOf(dict),
		Trainer: "The trainer stops: KeyError with the first name that it looks for; OLMo.from_checkpoint stops: " +
			"RuntimeError: Missing key(s) in state_dict.",
		Hint: saveStateDict(name)}
	if loaded.Refused != "" {
		f.Trainer += " The released ai2-olmo 0.6.0 stops before: UnpicklingError: Weights only load failed."
	}
	for _, item := range dict.Items {
		key, isText := item.Key.(string)
		inner := torchfile.AsMap(item.Value)
		if !isText || inner == nil || !onlyTensors(loaded, inner) {
			continue
		}
		f.Code, f.Found = "nested", ""
		f.Problem = "contains the tensors one level below, as " + quoted(key) + ", like the checkpoints of many " +
			"training scripts"
		f.Hint = "Save the inner dict alone: " + saveCommand(name, "["+quoted(key)+"]")
		break
	}
	c.add(f)
}

func onlyTensors(loaded *torchfile.Loaded, dict *torchfile.Map) bool {
	for _, item := range dict.Items {
		if _, isTensor := loaded.Tensor(item.Value); !isTensor {
			return false
		}
	}
	return len(dict.Items) > 0
}

// quoted writes a key as Python does.
func quoted(key string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(key) + "'"
}

func saveStateDict(name string) string {
	return "Save the weights alone, under the trainer's names: torch.save(model.state_dict(), \"" + name + "\")."
}
