package native

import "hf2olmo/convert/regular"

// core reads a checkpoint that allenai/OLMo saved through OLMo-core: a distributed
// checkpoint since its version 1, safetensors files of the ranks before.
func (o *opener) core() error {
	if regular.Is(o.path("model", shardIndex)) {
		return o.shards()
	}
	return o.distributed()
}
