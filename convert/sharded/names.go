package sharded

import "strings"

// PlainName returns a parameter's name without what wrappers of the model add to it:
// FullyShardedDataParallel anywhere, DistributedDataParallel and torch.compile in front.
func PlainName(name string) string {
	name = strings.ReplaceAll(name, "_fsdp_wrapped_module.", "")
	for _, prefix := range []string{"module.", "_orig_mod."} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}
