package main

import (
	"path/filepath"

	"hf2olmo/convert/tensor"
)

// A row is a line of the table: a conversion, and what it is compared with.
type row struct {
	work, against string
	ours          call
	theirs        *call   // nil if only time and memory count
	goal          float64 // of ours/theirs; 0 for none
	seconds       float64 // at most; 0 for no limit
	once          bool    // measured once: only its memory counts
	torch         bool    // needs Python with torch
	growth        float64 // at most, of the disk, of the bytes that are made; 0 for any
}

// A group is the rows that share models, which are written before, by folder, and removed after. rows is called when
// they exist.
type group struct {
	models  map[string]model
	prepare func() error // makes other sources from the models; nil if there are none
	made    []string     // their folders
	rows    func() []row
	mount   string // a file system that is made for the group, and removed; "" for none
}

// groups returns the whole table for models of so many bytes as float32.
func (b *bench) groups(bytes int64) []group {
	small := olmo2(bytes / 4)
	return []group{
		b.safetensorsGroup(small),
		b.binGroup(small, "zip", torchZip),
		b.binGroup(small, "older format", torchLegacy),
		b.turnedGroup(wideTied(bytes / 4)),
		b.expertsGroup(bytes / 4),
		b.checkpointGroup(small),
		b.largeGroup(olmo2(3 * bytes / 4)),
		b.dryGroup(),
		sharedGroup(b, small),
	}
}

func (b *bench) safetensorsGroup(s shape) group {
	source, brain := b.path("float32"), b.path("bfloat16")
	models := map[string]model{
		source: {shape: s, dtype: tensor.Float32, format: safetensors, shards: 3},
		brain:  {shape: s, dtype: tensor.BFloat16, format: safetensors, shards: 3},
	}
	return group{models: models, rows: func() []row {
		plain := unsynced(source, b.path("theirs")) // no goal: how soon it ends depends on the machine's memory
		return []row{
			b.against(source, "float32, safetensors", "cp", source, 1.10),
			b.against(brain, "bfloat16 → float32", "cp of the output's size", source, 1.25, "--dtype", "float32"),
			{work: "float32, safetensors", against: "cp, not synced", ours: b.convert(source), theirs: &plain},
			{work: "bfloat16 → float32", against: "cp, not synced", ours: b.convert(brain, "--dtype", "float32"),
				theirs: &plain},
			b.against(source, "float32 → bfloat16", "cp of the input", source, 1.10, "--dtype", "bfloat16"),
			b.against(source, "float32 → float16", "cp of the input", source, 1.10, "--dtype", "float16"),
			b.againstTorch(source, "float32, safetensors"),
			b.againstTorch(source, "float32 → bfloat16", "bfloat16"),
			b.core(source, "cp", copying(source, b.path("theirs")), 1.15),
			cold(b.against(source, "float32, not in memory", "cp, not in memory", source, 0.9)),
			b.core(source, "OLMo-core, by hand", coreByHand(b.python, source, b.path("theirs")), 0.5),
		}
	}}
}

func (b *bench) binGroup(s shape, name string, f format) group {
	source := b.path("bin")
	models := map[string]model{source: {shape: s, dtype: tensor.Float32, format: f, shards: 3}}
	return group{models: models, rows: func() []row {
		return []row{
			b.against(source, "float32, .bin "+name, "cp", source, 1.15),
			b.againstTorch(source, "float32, .bin "+name),
		}
	}}
}

// turnedGroup has one matrix that is stored column by column.
func (b *bench) turnedGroup(s shape) group {
	source := b.path("turned")
	models := map[string]model{source: {shape: s, dtype: tensor.Float32, format: torchLegacy, shards: 1, turned: true}}
	return group{models: models, rows: func() []row {
		return []row{
			b.against(source, "float32, one transposed matrix", "cp", source, 0),
			b.against(source, "the same → bfloat16", "cp of the input", source, 0, "--dtype", "bfloat16"),
		}
	}}
}

// expertsGroup has a model whose experts' matrices are turned, every third of them, and one of as many bytes that are
// in order.
func (b *bench) expertsGroup(parameters int64) group {
	experts, straight := b.path("experts"), b.path("straight")
	models := map[string]model{
		experts:  {shape: olmoe(parameters), dtype: tensor.BFloat16, format: safetensors, shards: 3},
		straight: {shape: olmo2(parameters), dtype: tensor.BFloat16, format: safetensors, shards: 3},
	}
	return group{models: models, rows: func() []row {
		ours, theirs := b.toCore(experts, b.path("ours")), b.toCore(straight, b.path("theirs"))
		return []row{{work: "OLMoE, bfloat16 → OLMo-core", against: "hf2olmo, OLMo 2", ours: ours, theirs: &theirs,
			goal: 1.20}}
	}}
}

// checkpointGroup has checkpoints for sources: one of each trainer that goes back to Hugging Face, and what four ranks
// saved, which becomes one again: the weights and, in twice as many bytes, the optimizer's moments.
func (b *bench) checkpointGroup(s shape) group {
	source, whole, run, core := b.path("float32"), b.path("whole-unsharded"), b.path("step1000"), b.path("core")
	models := map[string]model{source: {shape: s, dtype: tensor.Float32, format: safetensors, shards: 3}}
	g := group{models: models, made: []string{whole, run, core}, rows: func() []row {
		out := b.path("ours")
		export := func(from, files string) call {
			return call{args: []string{b.binary, "export", "--quiet", "--output", out, from}, out: out,
				reads: weightFiles(files)}
		}
		copyWhole, copyRun := copying(whole, b.path("theirs")), copying(run, b.path("theirs"))
		coreFiles := filepath.Join(core, "model_and_optim")
		copyCore, byHand := copying(coreFiles, b.path("theirs")), coreExportByHand(b.python, core, b.path("theirs"))
		return []row{
			{work: "float32 → Hugging Face", against: "cp", ours: export(whole, whole), theirs: &copyWhole, goal: 1.00},
			{work: "float32, of OLMo-core → Hugging Face", against: "cp", ours: export(core, coreFiles),
				theirs: &copyCore, goal: 1.00},
			{work: "float32, OLMo → OLMo-core", against: "cp", ours: b.toCore(whole, out), theirs: &copyWhole, goal: 1.15},
			{work: "float32, of OLMo-core → Hugging Face", against: "OLMo-core, by hand", ours: export(core, coreFiles),
				theirs: &byHand, goal: 0.5, torch: true},
			{work: "4 ranks with optimizer → unsharded", against: "cp", ours: b.convert(run), theirs: &copyRun,
				goal: 1.10, torch: true},
		}
	}}
	g.prepare = func() error { return b.checkpoints(source, whole, run, core) }
	return g
}

// largeGroup shows that memory does not grow with the model.
func (b *bench) largeGroup(s shape) group {
	source := b.path("large")
	models := map[string]model{source: {shape: s, dtype: tensor.BFloat16, format: safetensors, shards: 9, sparse: true}}
	return group{models: models, rows: func() []row {
		return []row{{work: "bfloat16, three times the parameters", ours: b.convert(source), once: true}}
	}}
}

func (b *bench) dryGroup() group {
	source := b.path("seven")
	models := map[string]model{
		source: {shape: sevenBillion, dtype: tensor.Float32, format: safetensors, shards: 30, sparse: true},
	}
	return group{models: models, rows: func() []row {
		return []row{{work: "--dry-run, 7 billion in 30 shards", ours: b.dryRun(source), seconds: 0.2}}
	}}
}

func (b *bench) against(source, work, what, cp string, goal float64, flags ...string) row {
	theirs := copying(cp, b.path("theirs"))
	return row{work: work, against: what, ours: b.convert(source, flags...), theirs: &theirs, goal: goal}
}

func (b *bench) againstTorch(source, work string, dtype ...string) row {
	theirs := byHand(b.python, source, b.path("theirs"), dtype...)
	var flags []string
	if len(dtype) > 0 {
		flags = []string{"--dtype", dtype[0]}
	}
	return row{work: work, against: "torch, by hand", ours: b.convert(source, flags...), theirs: &theirs,
		goal: 0.5, torch: true}
}

// core is the second target.
func (b *bench) core(source, against string, theirs call, goal float64) row {
	return row{work: "float32 → OLMo-core", against: against, ours: b.toCore(source, b.path("ours")), theirs: &theirs,
		goal: goal, torch: against != "cp"}
}

func (b *bench) toCore(source, out string) call {
	args := []string{b.binary, "convert", "--quiet", "--target", "olmo-core", "--output", out, source}
	return call{args: args, out: out, reads: weightFiles(source)}
}

func (b *bench) convert(source string, flags ...string) call {
	out := b.path("ours-unsharded")
	args := append([]string{b.binary, "convert", "--quiet", "--output", out}, flags...)
	return call{args: append(args, source), out: out, reads: weightFiles(source)}
}

// cold has neither source in memory.
func cold(r row) row {
	r.ours.cold, r.theirs.cold = true, true
	return r
}

func (b *bench) dryRun(source string) call {
	c := b.convert(source, "--dry-run")
	c.reads = nil
	return c
}

func (b *bench) path(name string) string { return filepath.Join(b.folder, name) }
