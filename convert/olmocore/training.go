package olmocore

import (
	"encoding/json"
	"path"

	"hf2olmo/convert/dcp"
	"hf2olmo/convert/folder"
	"hf2olmo/convert/output"
	"hf2olmo/convert/pickle"
	"hf2olmo/convert/torchfile"
	"hf2olmo/convert/trainer"
)

// What the trainer looks for beside the tensors before it continues a run: without either it
// would silently start from scratch.
const (
	StateFile  = "train/rank0.pt"
	MarkerFile = ".metadata.json"
)

// release is what MarkerFile says that wrote the checkpoint.
const release = "3.0.0"

// optimPrefix begins the names of the optimizer's entries. OLMo-core flattens its state, and cuts
// the names of all entries once in planner_data.
const optimPrefix = "optim"

// moments are the optimizer's tensors as package dcp lays them out.
func moments(in *trainer.Inputs) []dcp.Entry {
	if in.Training == nil {
		return nil
	}
	var list []dcp.Entry
	for _, p := range in.Training.Parameters {
		for _, m := range p.Moments {
			e := dcp.Entry{Path: []string{optimPrefix, "state." + p.Name + "." + m.Name},
				DType: m.Content.DType, Shape: m.Shape, Same: -1}
			if in.Layout != folder.UnalignedLayout {
				e.Content = &m.Content
			}
			list = append(list, e)
		}
	}
	return list
}

// settings are those of the optimizer's groups, of which there is one per parameter. Most have the same
// values, whose bytes are in memory once.
func settings(t *trainer.Training) ([]dcp.Value, error) {
	if t == nil {
		return nil, nil
	}
	var list []dcp.Value
	items := map[string][]byte{}
	for _, p := range t.Parameters {
		for _, s := range p.Settings {
			value, err := pickle.Marshal(s.Value, nil)
			if err != nil {
				return nil, err
			}
			item, made := items[string(value)]
			if !made {
				if item, err = torchfile.Bytes("archive", s.Value); err != nil {
					return nil, err
				}
				items[string(value)] = item
			}
			list = append(list, dcp.Value{Path: []string{optimPrefix, "param_groups." + p.Name + "." + s.Key}, Item: item})
		}
	}
	return list, nil
}

// trainedFiles are the small files of a checkpoint that continues a run: the index where the
// trainer's own is, the trainer's state, and the file by which it knows a checkpoint of its own.
func trainedFiles(in *trainer.Inputs, m *dcp.Metadata, id string) ([]output.Small, error) {
	index, err := indexFile(m, path.Join(ModelFolder, dcp.MetadataFile), id, "")
	if err != nil {
		return nil, err
	}
	state, err := torchfile.Bytes("rank0", in.Training.State)
	if err != nil {
		return nil, err
	}
	marker, err := json.Marshal(map[string]any{"version": release, "ephemeral": false})
	return []output.Small{
		index,
		{Name: StateFile, Data: state},
		{Name: MarkerFile, Data: append(marker, '\n')},
	}, err
}

// Progress is how far a run has come.
type Progress struct {
	Step, Tokens int64
	Epoch        int64 // from 1
	Seed         int64 // by which data is shuffled
}

// State is what StateFile contains of a run that another trainer began, at the first batch of its
// epoch, for data of sequences of one length (NumpyFSLDataset). The trainer restores its random
// states if the number of ranks is that of the run: none have been saved, so it is none. It takes
// Seed in place of its config's. Fingerprints of data that was ordered by another trainer would be
// no use: their version is one that OLMo-core warns of.
func (p *Progress) State() pickle.Dict {
	return pickle.Dict{
		{Key: "global_step", Value: p.Step},
		{Key: "global_train_tokens_seen", Value: p.Tokens},
		{Key: "epoch", Value: p.Epoch},
		{Key: "world_size", Value: int64(0)},
		{Key: "data_loader", Value: pickle.Dict{
			{Key: "dataset_type", Value: "fsl"},
			{Key: "dataset_fingerprint_version", Value: "of another trainer"},
			{Key: "dataset_fingerprint", Value: ""},
			{Key: "max_target_sequence_length", Value: nil},
			{Key: "seed", Value: p.Seed},
			{Key: "batches_processed", Value: int64(0)},
			{Key: "tokens_processed", Value: int64(0)},
			{Key: "epoch", Value: p.Epoch},
		}},
		{Key: "callbacks", Value: pickle.Dict{}},
	}
}
