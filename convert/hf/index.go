package hf

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strings"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/jsonfile"
	"hf2olmo/convert/tensor"
)

// indexLimits bound an index, which has a member for each tensor.
var indexLimits = jsonfile.Limits{
	Bytes: 64 << 20, Members: tensor.MaxTensors + 100, Values: tensor.MaxTensors + 100,
}

// An index says which shard has each tensor.
type index struct {
	name   string
	shards map[string]string // tensor → file
	total  float64           // metadata.total_size in bytes, 0 if it is not given
}

// files returns the shards in name order.
func (x *index) files() []string {
	set := map[string]bool{}
	for _, file := range x.shards {
		set[file] = true
	}
	return sortedNames(set)
}

// readIndex reads an index whose every shard is a plain name, or adds faults and returns nil.
func (o *opening) readIndex(name string) *index {
	f, info, bad := o.folder.open(name)
	if bad != nil {
		o.add(bad)
		return nil
	}
	defer f.Close()
	if bad := jsonfile.TooLarge(name, info.Size(), indexLimits); bad != nil {
		o.add(bad)
		return nil
	}
	x, err := decodeIndex(io.NewSectionReader(f, 0, info.Size()))
	if err != nil {
		o.add(jsonfile.Fault(name, f, err))
		return nil
	}
	x.name = name
	before := len(o.faults)
	if len(x.shards) == 0 {
		o.add(&fault.Fault{File: name, Problem: "weight_map names no tensor", Hint: o.folder.download(name)})
	}
	clean := map[string]string{} // "./x" is x
	for _, file := range x.files() {
		inside, ok := local(file)
		if !ok {
			o.add(&fault.Fault{File: name, Problem: "names a shard outside of the folder",
				Found: fmt.Sprintf("%q", file)})
		}
		clean[file] = inside
	}
	for name, file := range x.shards {
		x.shards[name] = clean[file]
	}
	if len(o.faults) > before {
		return nil
	}
	return x
}

// decodeIndex reads {"metadata": {"total_size": bytes}, "weight_map": {tensor: file}}.
func decodeIndex(r io.Reader) (*index, error) {
	p := jsonfile.NewPython(r, indexLimits)
	x := &index{}
	others := map[string]any{}
	err := jsonfile.EachMember(p.Decoder, "the JSON value", func(key string) error {
		if key != "weight_map" {
			return p.Member(others, key)
		}
		before := x.shards
		if err := x.decodeShards(p); err != nil {
			return err
		}
		if before != nil && !maps.Equal(before, x.shards) {
			return p.TwoMeanings(key)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if x.shards == nil {
		return nil, jsonfile.Misshapen(p.Decoder, "there is no weight_map")
	}
	metadata, _ := others["metadata"].(map[string]any)
	switch n := metadata["total_size"].(type) {
	case int64:
		x.total = float64(n)
	case float64: // as old versions of transformers wrote it
		x.total = n
	}
	return x, jsonfile.ReadEnd(p.Decoder)
}

func (x *index) decodeShards(p *jsonfile.Python) error {
	x.shards = map[string]string{}
	same := map[string]string{} // many entries have one of a few file names: keep each once
	return jsonfile.EachMember(p.Decoder, "weight_map", func(name string) error {
		file, err := jsonfile.ReadString(p.Decoder, "")
		if err != nil {
			return jsonfile.About(err, "the shard of tensor %.300q", name)
		}
		if before, twice := x.shards[name]; twice && before != file {
			return p.TwoMeanings(name)
		}
		if _, ok := same[file]; !ok {
			same[file] = file
		}
		x.shards[name] = same[file]
		return nil
	})
}

// checkIndex compares the index with what the shards hold. transformers takes from it
// which files to read, and then every tensor in them: if the two disagree nothing is lost,
// and a tensor that is nowhere is missed when the tensors are matched.
func (o *opening) checkIndex(x *index, found map[string]string, readable map[string]bool) {
	again := map[string]bool{}
	for i := range o.model.Again {
		again[o.model.Again[i].Name] = true
	}
	o.model.Placed = map[string]string{}
	elsewhere := map[string]bool{}
	for name, file := range x.shards {
		switch actual, ok := found[name]; {
		case ok && actual != file && !again[name]:
			elsewhere[name] = true
		case !ok && readable[file]:
			o.model.Placed[name] = file
		}
	}
	if len(elsewhere) > 0 {
		o.warn(x.name + " names other shards than the ones that these tensors are in: " +
			fault.Printable(listed(sortedNames(elsewhere), "")))
	}
	var sum int64
	distinct := map[string]int64{} // tensors that share their bytes count once in total_size
	for i := range o.model.Tensors {
		t := &o.model.Tensors[i]
		sum += t.Bytes()
		distinct[fmt.Sprint(t.File.Name, ":", t.Offset, ":", t.Bytes())] = t.Bytes()
	}
	if len(readable) == len(x.files()) {
		o.compareTotal(x, sum, distinct)
		o.leftOut(x, readable)
	}
}

// compareTotal warns of a wrong total_size, which some versions of transformers wrote.
func (o *opening) compareTotal(x *index, sum int64, distinct map[string]int64) {
	var once int64
	for _, n := range distinct {
		once += n
	}
	if x.total != 0 && x.total != float64(sum) && x.total != float64(once) {
		o.warn(fmt.Sprintf("%s: total_size is %.0f, but the shards contain %d bytes", x.name, x.total, sum))
	}
}

// leftOut warns of shards that are beside the others but in no index.
func (o *opening) leftOut(x *index, known map[string]bool) {
	prefix := strings.TrimSuffix(x.name, filepath.Ext(strings.TrimSuffix(x.name, ".index.json"))+".index.json")
	for _, name := range sortedNames(o.folder.names) {
		parts := shard.FindStringSubmatch(name)
		if parts != nil && parts[1] == prefix && strings.HasSuffix(x.name, parts[4]+".index.json") && !known[name] {
			o.warn(name + " is not named by " + x.name + " and is left out")
		}
	}
}
