package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"

	"hf2olmo/convert/disk"
	"hf2olmo/convert/tensor"
)

// sharedGroup is on XFS in a loop device, where an output shares the blocks of its source. It is in one shard: of a
// matrix that is fused of two, each in another shard, one is copied, and here that would be a large part of all.
func sharedGroup(b *bench, s shape) group {
	mounted := b.path("xfs")
	source, out := filepath.Join(mounted, "model"), filepath.Join(mounted, "ours-unsharded")
	models := map[string]model{source: {shape: s, dtype: tensor.Float32, format: safetensors, shards: 1}}
	return group{models: models, mount: mounted, rows: func() []row {
		theirs := copying(source, filepath.Join(mounted, "theirs"), "--reflink=never")
		ours := call{args: []string{b.binary, "convert", "--quiet", "--output", out, source}, out: out,
			reads: weightFiles(source), disk: mounted}
		return []row{{work: "float32, blocks shared on XFS", against: "cp --reflink=never", ours: ours, theirs: &theirs,
			goal: 0.60, growth: 0.02}}
	}}
}

// mountImage makes a file system in a file with holes and mounts it, which needs root.
func mountImage(dir string) (unmount func(), err error) {
	image := dir + ".img"
	commands := [][]string{{"truncate", "-s", "8G", image}, {"mkfs.xfs", "-q", image}, {"mkdir", "-p", dir},
		{"mount", "-o", "loop", image, dir}}
	for _, args := range commands {
		if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			os.Remove(image)
			os.Remove(dir)
			return nil, fmt.Errorf("%s: %w: %s", args[0], err, text)
		}
	}
	return func() {
		exec.Command("umount", dir).Run()
		os.Remove(image)
		os.Remove(dir)
	}, nil
}

// used is how many bytes of a file system are taken; 0 for none.
func used(mounted string) (int64, error) {
	if mounted == "" {
		return 0, nil
	}
	var s unix.Statfs_t
	err := unix.Statfs(mounted, &s)
	return int64(s.Blocks-s.Bfree) * int64(s.Bsize), err
}

// sizeOf returns the bytes of all files of a folder.
func sizeOf(folder string) (n int64) {
	filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// forget has the system drop a file from memory.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	disk.Forget(f, 0, 0) // all of it
	return err
}
