package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A run is one call of a program, as it was measured.
type run struct {
	seconds, cpu float64
	peak         int64 // bytes of resident memory
	made         int64 // bytes of the files
	grown        int64 // bytes that call.disk has more, 0 if none is given
}

// measure runs a command that makes the folder out. What an earlier run left there
// is removed and the disk left in peace before the clock starts; the sources are
// read once, so that every run finds as much of them in memory.
func measure(c call) (run, error) {
	if err := os.RemoveAll(c.out); err != nil {
		return run{}, err
	}
	for _, path := range c.reads {
		prepare := readThrough
		if c.cold {
			prepare = forget
		}
		if err := prepare(path); err != nil {
			return run{}, err
		}
	}
	unix.Sync()
	before, err := used(c.disk)
	if err != nil {
		return run{}, err
	}
	cmd := exec.Command(c.args[0], c.args[1:]...)
	var said strings.Builder
	cmd.Stderr = &said
	start := time.Now()
	err = cmd.Run()
	seconds := time.Since(start).Seconds()
	if err != nil {
		return run{}, fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, said.String())
	}
	state := cmd.ProcessState
	usage := state.SysUsage().(*syscall.Rusage)
	r := run{seconds: seconds, cpu: (state.UserTime() + state.SystemTime()).Seconds(), peak: int64(usage.Maxrss) << 10}
	unix.Sync()
	after, err := used(c.disk)
	if err != nil {
		return run{}, err
	}
	r.grown, r.made = after-before, sizeOf(c.out)
	return r, os.RemoveAll(c.out)
}

func readThrough(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return err
}

// A call is a command, the folder that it makes, and the files that it reads.
type call struct {
	args  []string
	out   string
	reads []string
	cold  bool   // these are not in memory when it starts
	disk  string // the file system whose growth counts; "" for none
}

// weightFiles lists the shards of a model in their order.
func weightFiles(folder string) []string {
	var files []string
	for _, pattern := range []string{"*.safetensors", "*.bin", "*.pt", "*.distcp"} {
		found, _ := filepath.Glob(filepath.Join(folder, pattern)) // fails for bad patterns only
		files = append(files, found...)
	}
	slices.Sort(files)
	return files
}

// copying is cp, with some flags, of all weights of a model, and the sync that hf2olmo does too.
func copying(folder, out string, flags ...string) call {
	return copyingBy(`mkdir "$0" && cp "$@" "$0" && sync "$0"/* "$0"`, folder, out, flags...)
}

// unsynced is copying without the sync: when it ends, much of it is in memory only.
func unsynced(folder, out string) call { return copyingBy(`mkdir "$0" && cp "$@" "$0"`, folder, out) }

func copyingBy(script, folder, out string, flags ...string) call {
	files := weightFiles(folder)
	return call{args: slices.Concat([]string{"sh", "-c", script, out}, flags, files), out: out, reads: files}
}

// The scripts are called from the root of the repository, as is all of this.
const (
	byHandScript     = "testdata/bench/by_hand.py"
	coreByHandScript = "testdata/bench/core_by_hand.py"
	coreExportScript = "testdata/bench/core_export_by_hand.py"
	shardedRunScript = "testdata/bench/sharded_run.py"
)

// byHand is the torch script, and a sync as well.
func byHand(python, folder, out string, dtype ...string) call {
	return scripted(python, byHandScript, folder, out, append([]string{filepath.Join(out, "model.pt")}, dtype...)...)
}

// coreByHand is OLMo-core's own conversion, and a sync as well.
func coreByHand(python, folder, out string) call {
	return scripted(python, coreByHandScript, folder, out, out)
}

// coreExportByHand is OLMo-core's own way back to Hugging Face, and a sync as well.
func coreExportByHand(python, folder, out string) call {
	return scripted(python, coreExportScript, folder, out, out)
}

// checkpoints makes an unsharded checkpoint of a model and, if there is torch, what four ranks would save of it.
func (b *bench) checkpoints(model, whole, run, core string) error {
	commands := [][]string{{b.binary, "convert", "--quiet", "--output", whole, model}, b.toCore(model, core).args}
	if b.python != "" {
		commands = append(commands, []string{b.python, shardedRunScript, whole, run})
	}
	for _, args := range commands {
		if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, text)
		}
	}
	return nil
}

func scripted(python, script, folder, out string, args ...string) call {
	const shell = `mkdir "$0" && "$@" && sync "$0"/* "$0"`
	command := append([]string{"sh", "-c", shell, out, python, script, folder}, args...)
	return call{args: command, out: out, reads: weightFiles(folder)}
}

// findPython returns $PYTHON, or that of the interop suite where it was made, or "".
func findPython() string {
	if python := os.Getenv("PYTHON"); python != "" {
		return python
	}
	cache := os.Getenv("HF2OLMO_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(user, "hf2olmo")
	}
	found, _ := filepath.Glob(filepath.Join(cache, "interop-*", "bin", "python"))
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// median of at least one number.
func median(numbers []float64) float64 {
	slices.Sort(numbers)
	half := len(numbers) / 2
	if len(numbers)%2 == 1 {
		return numbers[half]
	}
	return (numbers[half-1] + numbers[half]) / 2
}
