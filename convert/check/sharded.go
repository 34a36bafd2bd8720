package check

import (
	"fmt"
	"path"

	"hf2olmo/convert/pickle"
)

// shardedChecks are about the checkpoints that many ranks wrote.
type shardedChecks struct{ *checker }

// checkSharded checks a checkpoint that many ranks wrote, each its own files.
func (c shardedChecks) checkSharded() {
	switch c.report.Kind {
	case Legacy:
		legacyChecks{rankChecks{c.checker}}.checkLegacy()
	case New:
		distributedChecks{rankChecks{c.checker}}.checkDistributed(modelOptim)
	case Local:
		localChecks{rankChecks{c.checker}}.checkLocal()
	case Core:
		c.checkCore()
	}
	c.checkFit()
	c.checkLoader()
}

// checkCore checks an olmo_core checkpoint, which the trainer saved through OLMo-core.
func (c shardedChecks) checkCore() {
	if c.dir.names[metadataFile] {
		distributedChecks{rankChecks{c.checker}}.checkMetadata("")
	}
	rankChecks{c.checker}.checkTrainRank()
	c.add("olmo-core-version", about{})
}

// checkLoader reports how to make the trainer load the folder.
func (c shardedChecks) checkLoader() {
	kind := c.report.Kind
	if configured := c.config.configured(); c.config != nil && configured != kind {
		looks := loaders[configured]
		if looks == "" {
			looks = "a file of another kind"
		}
		c.add("checkpointer", about{file: configFile, tensor: "sharded_checkpointer", expected: string(kind),
			found: string(configured)}, "looks", looks)
		return
	}
	id := "sharded/damaged"
	if c.opened != nil {
		id = "sharded/whole"
	}
	c.add(id, about{}, "kind", kind, "folder", c.dir.quoted())
}

// rankChecks are about the files of the ranks, in every layout.
type rankChecks struct{ *checker }

// needRanks checks that the files of all ranks are in a folder of the checkpoint.
func (c rankChecks) needRanks(folder string, world int) {
	c.surplusRanks(folder, world)
	have := map[int]bool{}
	for _, n := range c.dir.ranks(folder) {
		have[n] = true
	}
	var missing []string
	count := 0
	for n := range world {
		if have[n] {
			continue
		}
		if count++; count <= 10 {
			missing = append(missing, rankName("", n))
		}
	}
	if count == 0 {
		return
	}
	if count > len(missing) {
		missing = append(missing, fmt.Sprintf("%d more", count-len(missing)))
	}
	c.add("rank-missing", about{file: folder}, "count", count, "world", world, "files", joined(missing))
}

// surplusRanks looks for files of ranks that the run did not have.
func (c rankChecks) surplusRanks(folder string, world int) {
	for _, n := range c.dir.ranks(folder) {
		if n >= world {
			c.add("rank-surplus", about{file: rankName(folder, n)}, "world", world)
		}
	}
}

func rankName(folder string, n int) string { return path.Join(folder, fmt.Sprintf("rank%d.pt", n)) }

// maxRanks bounds a number of ranks that a file claims.
const maxRanks = 1 << 20

// worldOf returns the number of ranks that a trainer's state says, 0 if it does not.
func worldOf(state *pickle.Map) int {
	n, ok := state.Get("world_size").(int64)
	if !ok || n < 1 || n > maxRanks {
		return 0
	}
	return int(n)
}

// guessWorld is for files that do not say it: the ranks up to the highest that exists.
func (c rankChecks) guessWorld(folder string) int {
	ranks := c.dir.ranks(folder)
	if len(ranks) == 0 {
		return 0
	}
	return min(ranks[len(ranks)-1]+1, maxRanks)
}

// sameWorld notes that a checkpoint is only for as many processes as wrote it.
func (c rankChecks) sameWorld(world int) {
	c.add("world-size/same", about{}, "world", world, "folder", c.dir.quoted())
}

// trainFolder has the states of the ranks' trainers, but in torch_legacy's layout.
const trainFolder = "train"

// checkTrainRank looks at the state of rank 0, which all ranks fall back on if
// their own is missing, and returns its number of ranks.
func (c rankChecks) checkTrainRank() int {
	name := rankName(trainFolder, 0)
	if !c.dir.has(name) {
		c.add("train-missing/sharded", about{file: name})
		return 0
	}
	loaded := c.torch.load(name, stateOf)
	if loaded == nil {
		return 0
	}
	state := pickle.AsMap(loaded.Value)
	stateChecks{c.checker}.checkTrainState(name, state)
	world := worldOf(state)
	if world > 0 {
		c.surplusRanks(trainFolder, world)
	}
	return world
}
