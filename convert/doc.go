// Package convert turns a model that was downloaded from Hugging Face into a folder from which a
// native trainer starts. Prepare finds everything that is wrong before a byte is written; Write
// makes the folder, whole or not at all.
//
// The rooms, from the bottom up. Packages disk, fault, regular and folder know files; tensor knows
// elements and where they are in files; pickle, torchfile, safetensors, dcp, sharded, jsonfile,
// omegaconf and tokenizers know formats; assemble writes large files of which everything is known
// but the elements of tensors, and output makes folders of them. On top of these are the sides: hf
// reads what was downloaded or saved by its trainers; olmo and olmocore are a trainer each, behind
// the interface in package trainer and known by name to package targets; native reads their
// checkpoints. Package keymap has the tables of the families, match applies one to a model, and
// middle turns one around: a checkpoint becomes the model that it would come from. The verbs are
// this package, unshard, between, export, verify, check, inspect and relocate; export writes what layout,
// below hf, lays out.
//
// # One tensor, from the command line to model.pt
//
//	cmd/hf2olmo/convert.go              convertModel          one MODEL of the command line
//	convert/convert.go                  Prepare               its four steps are the next four groups
//
//	convert/hf/model.go                 Open                  which folder, which files, config.json
//	convert/hf/weights.go               readFile              a weights file, recognized by its content
//	convert/safetensors/safetensors.go  Open                  an entry of its header becomes a tensor.Tensor:
//	convert/tensor/tensor.go            Tensor                name, dtype, shape, the bytes in the file
//
//	convert/match/match.go              Of                    the model against the table of its family
//	keymap/plan.go                      Plan                  the native tensor: its name, its shape, its parts
//	convert/match/tensors.go            checkPart             the part found by its name, its shape compared
//
//	convert/output/output.go            Open                  the place of the folder
//	convert/olmo/side.go                Files                 the files of the checkpoint
//	convert/torchfile/layout.go         Plan                  the byte of model.pt at which the tensor begins
//
//	convert/write.go                    Write
//	convert/output/write.go             fill                  a temporary folder is filled, then renamed
//	convert/assemble/copy.go            copyPiece             the tensor piece by piece, in parallel
//	convert/tensor/content.go           Read                  bytes of its parts, cast
//	convert/assemble/seen.go            piece                 NaN, infinity and zeros noticed on the way
//	convert/assemble/assemble.go        finish                pickle, directory and checksums around it, synced
//	convert/olmo/side.go                ReadBack              opened again as any reader would
//	convert/folder/commit.go            Commit                renamed to its final path
//
// # One error, from a parser to the screen
//
//	convert/jsonfile/jsonfile.go        Expect                a shape in a header is not an array: a ShapeError
//	convert/safetensors/safetensors.go  headerFault           a fault.Fault: which file, what is wrong
//	convert/hf/weights.go               addAll                kept, and the next file is read
//	convert/hf/model.go                 Open                  all faults of the model, a fault.List
//	convert/convert.go                  prepare               those of the match and of the output join them
//	cmd/hf2olmo/convert.go              convertModel          not converted; the next MODEL follows
//	cmd/hf2olmo/report.go               failed                in the record of --json, and for people:
//	convert/fault/lines.go              Lines                 grouped by kind, causes first, a hint each
//	convert/fault/fault.go              Error                 the words: file, tensor, problem, expected, found
//	cmd/hf2olmo/report.go               printFaults           on standard error; the exit status is 1
package convert
