package between

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/trainer"
)

// An override is a group of parameters whose weight decay is not that of most.
type override struct {
	decay    float64
	patterns []string // as OLMo-core's OptimGroupOverride takes them
}

// quoted are the patterns as Python has them in a list.
func (o *override) quoted() string {
	quoted := make([]string, len(o.patterns))
	for i, p := range o.patterns {
		quoted[i] = strconv.Quote(p)
	}
	return strings.Join(quoted, ", ")
}

// layer is the number of one in a name.
var layer = regexp.MustCompile(`\.\d+\.`)

// groups returns the weight decay of the matrices of the layers, which is the largest, and the
// groups of parameters that have another.
func groups(parameters []trainer.Parameter, settings map[string]adamW) (decay float64, others []override) {
	names := map[float64][]string{}
	for _, p := range parameters {
		own := settings[p.Name].WeightDecay
		names[own] = append(names[own], p.Name)
		decay = max(decay, own)
	}
	for _, own := range slices.Sorted(maps.Keys(names)) {
		if own == decay {
			continue
		}
		var rest []string
		for other, list := range names {
			if other != own {
				rest = append(rest, list...)
			}
		}
		others = append(others, override{own, patterns(names[own], rest)})
	}
	return decay, others
}

// patterns are the fewest that match these names and none of the others: a name with * for the
// number of its layer, or if that matches too much the name itself.
func patterns(names, others []string) (list []string) {
	for _, name := range names {
		pattern := layer.ReplaceAllString(name, ".*.")
		if slices.ContainsFunc(others, func(other string) bool { return matches(pattern, other) }) {
			pattern = name
		}
		if !slices.Contains(list, pattern) {
			list = append(list, pattern)
		}
	}
	return list
}

// matches is fnmatch of Python for names without slashes.
func matches(pattern, name string) bool {
	matched, err := path.Match(pattern, name)
	return err == nil && matched
}
