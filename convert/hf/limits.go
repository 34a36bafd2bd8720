package hf

import (
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tensor"
)

// What real files have: a config.json some thousand bytes; an index a member for each
// tensor; a tokenizer.json 40 MB, with 300,000 tokens and twice as many merges.
var (
	configLimits    = jsonfile.Limits{Bytes: 8 << 20, Members: 50_000, Values: 200_000}
	indexLimits     = jsonfile.Limits{Bytes: 64 << 20, Members: tensor.MaxTensors + 100, Values: tensor.MaxTensors + 100}
	tokenizerLimits = jsonfile.Limits{Bytes: 64 << 20, Members: 600_000, Values: 10_000_000}
)

// maxMerges is the most merges that a tokenizer may have, in lists of two or lines of text.
const maxMerges = 2_000_000
