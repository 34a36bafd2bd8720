package between

import (
	"fmt"
	"slices"

	"hf2olmo/convert/fault"
	"hf2olmo/keymap"
)

// kinds are what the optimizer of allenai/OLMo decays, or does not decay, alike.
var kinds = []string{"matrices", "embeddings", "vectors"}

// addOptimizer adds the settings of the optimizer to run. allenai/OLMo has one of each for all parameters,
// but for the weight decay: that of embeddings, and that of all vectors, may be 0.
func addOptimizer(c *Crossing, run map[string]any) error {
	target, err := keymap.TargetNamed(olmoTarget)
	if err != nil {
		return err
	}
	var faults fault.List
	first := c.adamW[c.to.Tensors[0].Name]
	of := map[string]float64{} // weight decay, by the kind
	for _, t := range c.to.Tensors {
		a := c.adamW[t.Name]
		if a.LR != first.LR || a.InitialLR != first.InitialLR || a.Beta1 != first.Beta1 || a.Beta2 != first.Beta2 ||
			a.Eps != first.Eps {
			faults = append(faults, &fault.Fault{Tensor: t.Name, Problem: "has another lr, betas or eps than " +
				c.to.Tensors[0].Name + ": allenai/OLMo has one for all parameters", Hint: noOptimizer})
		}
		kind := "matrices"
		switch {
		case slices.Contains(target.Embeddings, t.Name):
			kind = "embeddings"
		case len(t.Shape) == 1:
			kind = "vectors"
		}
		if known, ok := of[kind]; ok && known != a.WeightDecay {
			faults = append(faults, &fault.Fault{Tensor: t.Name, Problem: "has another weight decay than other " + kind +
				": allenai/OLMo has one for all", Expected: fmt.Sprint(known), Found: fmt.Sprint(a.WeightDecay),
				Hint: noOptimizer})
		}
		of[kind] = a.WeightDecay
	}
	for _, kind := range kinds[1:] {
		if of[kind] != 0 && of[kind] != of["matrices"] {
			faults = append(faults, &fault.Fault{Tensor: kind, Problem: "have a weight decay of their own: allenai/OLMo has " +
				"that of the matrices, or none", Expected: fmt.Sprint(of["matrices"], " or 0"), Found: fmt.Sprint(of[kind]),
				Hint: noOptimizer})
		}
	}
	run["learning_rate"], run["betas"], run["eps"] = first.InitialLR, []any{first.Beta1, first.Beta2}, first.Eps
	run["weight_decay"] = of["matrices"]
	run["decay_embeddings"] = of["embeddings"] == of["matrices"]
	run["decay_norm_and_bias"] = of["vectors"] == of["matrices"]
	return faults.Err()
}
