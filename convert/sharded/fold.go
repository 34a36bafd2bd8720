package sharded

import "hf2olmo/convert/pickle"

// folder folds what a rank's file has most of: ShardMetadata, one for every rank in every
// ShardedTensor. Of a model of 7 billion parameters with its optimizer on 64 ranks these are
// 50,000 in each rank's file, which need some 200 bytes of memory each while the file is read.
type folder struct{}

// Named accepts any name: nothing is called.
func (folder) Named(string) error { return nil }

// Called keeps the object.
func (folder) Called(o *pickle.Object) (any, error) { return o, nil }

// Built makes a shard of ShardMetadata. What it cannot read it leaves for addShards to report.
func (folder) Built(o *pickle.Object) error {
	if ClassOf(o) == "ShardMetadata" {
		if s, ok := readShard(o); ok {
			o.State = s
		}
	}
	return nil
}

// Added keeps the items.
func (folder) Added(_ any, items []any) ([]any, error) { return items, nil }
