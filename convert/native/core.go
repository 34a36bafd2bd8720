package native

// readCore reads a checkpoint that allenai/OLMo saved through OLMo-core: a distributed
// checkpoint since its version 1, safetensors files of the ranks before.
func readCore(o *opener) error {
	if hasShards(o.Dir) {
		return readShards(o)
	}
	return readDistributed(o)
}
