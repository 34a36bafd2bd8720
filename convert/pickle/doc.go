// Package pickle reads and writes Python pickles without running anything in them.
//
// A pickle is a program for a small stack machine, and Python's own reader calls
// whatever the program names. Here every pickle is first walked by one scanner, over one
// table of opcodes: it knows how many bytes follow each opcode and what it takes from the
// stack and puts there, so that no length in the file sizes an allocation that the bytes
// do not cover, nothing is taken from an empty stack or memo, and depth, objects, memo and
// opcodes stay within fixed bounds. What the scanner makes of the objects is pluggable:
//
//   - A [Vocabulary] is an allowlist, such as the classes and functions that torch.save
//     names for tensors. The scanner follows only what kind of object is in each slot, and
//     refuses every other name and opcode. The bytes that pass are handed to gopickle's
//     Unpickler, whose FindClass and PersistentLoad give each name its meaning.
//   - An outline is for any class: [Outline] gives each name, call and object as an inert
//     [Object]. It is for files that are inspected and not converted, such as a trainer's
//     state. The scanner builds it as it walks.
//   - A fold is an outline of a pickle that is too large for memory: [Fold] hands each object
//     to a [Folder] as soon as it is complete, such as the index of a distributed checkpoint.
//
// gopickle does not build outlines, since it cannot stay inert: it gives six names a
// meaning of its own without asking FindClass (collections.OrderedDict,
// array._array_reconstructor, copy_reg._reconstructor and others), keeps sets as Go maps,
// which lose their order and panic on unhashable items, and prints whole values in its
// errors, which never ends for a list that contains itself. For an allowlist none of this
// matters: the scanner has refused what leads there.
//
// [Marshal] writes protocol 2, which is what torch.save writes and the only protocol that
// torch.load reads with weights_only.
package pickle
