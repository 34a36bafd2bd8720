package hf

import (
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tensor"
)

// What real files have: a config.json some thousand bytes; an index a member for each tensor.
var (
	configLimits = jsonfile.Limits{Bytes: 8 << 20, Members: 50_000, Values: 200_000}
	indexLimits  = jsonfile.Limits{Bytes: 64 << 20, Members: tensor.MaxTensors + 100, Values: tensor.MaxTensors + 100}
)
