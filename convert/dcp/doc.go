// Package dcp is PyTorch's format of distributed checkpoints, as
// torch.distributed.checkpoint writes and reads it: a folder with
//
//	.metadata          a pickle: every tensor's dtype and size, the chunks that it is
//	                   cut into, and where each stands
//	__<rank>_<n>.distcp  items one after the other, with nothing in between: each is a
//	                   whole file of torch.save, and holds one chunk
//
// The reader of torch checks none of it: a tensor whose chunks leave a part out is
// filled with what the memory held. So Check is here, for plans of our own and for
// folders that others wrote.
package dcp
