package check

import (
	"fmt"

	"hf2olmo/convert/pickle"
)

// legacyChecks are about the layout torch_legacy.
type legacyChecks struct{ rankChecks }

// checkLegacy checks a torch_legacy checkpoint: rank<N>.pt contains all that a rank has,
// model, optimizer and the trainer's state.
func (c legacyChecks) checkLegacy() {
	world := 0
	for _, n := range c.dir.ranks("") {
		if c.ctx.Err() != nil {
			return
		}
		name := c.dir.reads(rankName("", n))
		if c.torch.enough(name) {
			break
		}
		if name != rankName("", n) {
			fileChecks{c.checker}.shadow(rankName("", n), name)
			continue
		}
		loaded := c.torch.load(name, stateOf)
		if loaded == nil {
			continue
		}
		own := c.checkRank(name, pickle.AsMap(loaded.Value))
		switch {
		case world == 0 && own > 0:
			world = own
		case own > 0 && own != world:
			c.add("world-size/differs", about{file: name, expected: fmt.Sprint(world), found: fmt.Sprint(own)})
		}
	}
	if world == 0 {
		world = c.guessWorld("")
	}
	c.needRanks("", world)
	c.sameWorld(world)
}

// checkRank looks for what the trainer takes from a rank's file, and returns the
// number of ranks that it says.
func (c legacyChecks) checkRank(name string, state *pickle.Map) int {
	for _, key := range []string{"model", "optim"} {
		if state == nil || !hasKey(state, key) {
			c.add("rank-broken", about{file: name, found: keysOf(state)}, "key", key)
		}
	}
	stateChecks{c.checker}.checkTrainState(name, state)
	return worldOf(state)
}
