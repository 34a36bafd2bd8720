package check

import (
	"path/filepath"

	"hf2olmo/convert/omegaconf"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/regular"
)

const localMetadata = "metadata.yaml"

// localChecks are about the layout local.
type localChecks struct{ rankChecks }

// checkLocal checks a local checkpoint: model/, optim/ and train/ with a file of each
// rank, as it had them in memory, and metadata.yaml with the number of ranks.
func (c localChecks) checkLocal() {
	c.add("old-torch/local", about{}, "folder", c.dir.quoted())
	world := c.localWorld()
	if world == 0 {
		world = c.guessWorld("model")
	}
	for _, folder := range []string{"model", "optim", "train"} {
		if folder == "optim" && c.config.flag("reset_optimizer_state") {
			continue
		}
		c.needRanks(folder, world)
		for _, n := range c.dir.ranks(folder) {
			if c.ctx.Err() != nil {
				return
			}
			if c.torch.enough(rankName(folder, n)) {
				break
			}
			c.readable(rankName(folder, n))
		}
	}
	c.sameWorld(world)
}

// localWorld reads the number of ranks from metadata.yaml.
func (c localChecks) localWorld() int {
	text, err := regular.Read(filepath.Join(c.dir.path, localMetadata), omegaconf.MaxSize)
	if err != nil {
		c.add("metadata-missing/local", about{file: localMetadata})
		return 0
	}
	var world any
	v, err := omegaconf.Read(text)
	if err == nil {
		m, _ := v.Data.(*omegaconf.Mapping)
		world, err = m.Get("world_size").As("int")
	}
	n, _ := world.(int)
	if err != nil || n < 1 || n > maxRanks {
		c.add("metadata-broken/local", about{file: localMetadata})
		return 0
	}
	return n
}

// readable checks that the trainer can read the file of a rank.
func (c localChecks) readable(name string) {
	if loaded := c.torch.load(name, stateOf); loaded != nil && filepath.Dir(name) == "train" {
		stateChecks{c.checker}.checkTrainState(name, pickle.AsMap(loaded.Value))
	}
}
