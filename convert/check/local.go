package check

import (
	"path/filepath"

	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/regular"
	"hf2olmo/convert/torchfile"
)

const localMetadata = "metadata.yaml"

// checkLocal checks a local checkpoint: model/, optim/ and train/ with a file of each
// rank, as its memory held them, and metadata.yaml with the number of ranks.
func (c *checker) checkLocal() {
	c.add(Finding{Severity: Warning, Code: "old-torch", Problem: "is read through private parts of torch that the trainer knows only up to 2.2",
		Trainer: "With torch 2.3 or later the trainer stops: NotImplementedError.",
		Hint:    "Load it with the torch that saved it, or unshard it, which needs no old torch: scripts/unshard.py --type local."})
	world := c.localWorld()
	if world == 0 {
		world = c.guessWorld("model")
	}
	for _, folder := range []string{"model", "optim", "train"} {
		if folder == "optim" && c.flag("reset_optimizer_state") {
			continue
		}
		c.needRanks(folder, world)
		for _, n := range c.ranks(folder) {
			if c.ctx.Err() != nil {
				return
			}
			if c.enough(rankName(folder, n)) {
				break
			}
			c.readable(rankName(folder, n))
		}
	}
	c.sameWorld(world)
}

// localWorld reads the number of ranks from metadata.yaml.
func (c *checker) localWorld() int {
	text, err := regular.Read(filepath.Join(c.path, localMetadata), omegaconf.MaxSize)
	if err != nil {
		c.add(Finding{Code: "metadata-missing", File: localMetadata, Problem: "is missing, which tells the number of ranks",
			Trainer: "The trainer stops: FileNotFoundError: metadata.yaml not found.", Hint: "Copy the checkpoint whole."})
		return 0
	}
	var world any
	v, err := omegaconf.Read(text)
	if err == nil {
		m, _ := v.Data.(*omegaconf.Mapping)
		world, err = m.Get("world_size").As("int")
	}
	n, _ := world.(int)
	if err != nil || n < 1 || n > mostRanks {
		c.add(Finding{Code: "metadata-broken", File: localMetadata, Problem: "does not tell the number of ranks", Expected: "world_size: N",
			Trainer: "The trainer stops with OLMoConfigurationError.", Hint: "Copy it again."})
		return 0
	}
	return n
}

// readable checks that the trainer can read the file of a rank.
func (c *checker) readable(name string) {
	if loaded := c.load(name, stateOf); loaded != nil && filepath.Dir(name) == "train" {
		c.checkTrainState(name, torchfile.AsMap(loaded.Value))
	}
}

// checkCore checks an olmo_core checkpoint, which the trainer saved through OLMo-core.
func (c *checker) checkCore() {
	if c.names[metadataFile] {
		c.checkMetadata("")
	}
	c.checkTrainRank()
	c.add(Finding{Severity: Note, Code: "olmo-core-version", Problem: "is read through OLMo-core",
		Trainer: "The trainer imports olmo_core.distributed.checkpoint, which must be of the version that saved it.",
		Hint:    "Install the ai2-olmo-core that the run had (0.1.0 for ai2-olmo 0.6.0)."})
}
