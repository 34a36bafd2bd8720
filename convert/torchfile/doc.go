// Package torchfile is torch's file format: what torch.save writes and torch.load
// reads, for a dict of tensors.
//
// A file is either a zip archive of stored entries (since torch 1.6),
//
//	<top>/data.pkl     a pickle of the dict; each tensor names a storage
//	<top>/byteorder    "little" (not in older files)
//	<top>/data/<key>   the bytes of a storage, from a multiple of 64 unless its tensor wants another place
//	<top>/version      "3\n"
//
// or, in the older form, pickles one after the other (a magic number, a protocol
// version, facts of the machine, the dict, the list of storage keys) and then, for
// each key, the number of elements as eight bytes and the elements.
//
// Open reads headers only. Nothing in a file is executed: only what torch writes for tensors
// gets through package pickle's scanner (globals.go is the allowlist), and no number in a file
// sizes an allocation that its bytes do not cover.
//
// Plan is for writing and touches no file: it lays out an archive into which the caller
// copies the storages.
package torchfile
