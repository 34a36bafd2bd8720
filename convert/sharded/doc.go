// Package sharded puts full tensors together from the pieces that the ranks of a
// distributed run saved, without reading their bytes: a Tensor knows which block of it
// lies in which file.
//
// It reads what torch leaves in the files of the ranks: ShardedTensor, DTensor and the
// flat parameters of FullyShardedDataParallel. What a folder of such files is called
// and contains is known by the packages above.
package sharded
