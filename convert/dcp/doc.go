// Package dcp is PyTorch's format of distributed checkpoints, as
// torch.distributed.checkpoint writes and reads it: a folder with
//
//	.metadata          a pickle: every tensor's dtype and size, the chunks that it is
//	                   cut into, and where each is
//	__<rank>_<n>.distcp  items one after the other, with nothing in between: each is a
//	                   whole file of torch.save, and holds one chunk
//
// torch checks none of it when it reads: a tensor whose chunks leave a part out is
// filled with what was in memory. So Check is here, for plans of our own and for
// folders that others wrote.
package dcp
