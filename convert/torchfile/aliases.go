package torchfile

import "hf2olmo/convert/pickle"

// What moved to package pickle, under its old names until the packages above use the new ones.
type (
	Dict     = pickle.Dict
	Item     = pickle.Item
	Tuple    = pickle.Tuple
	Entries  = pickle.Entries
	Entry    = pickle.Entry
	Name     = pickle.Name
	Call     = pickle.Call
	Instance = pickle.Instance
	Words    = pickle.Words
	List     = pickle.List
	Map      = pickle.Map
	Pair     = pickle.Pair
	Object   = pickle.Object
)

var (
	AsMap    = pickle.AsMap
	Value    = pickle.Value
	Sizes    = pickle.Sizes
	Unpickle = pickle.Unpickle
)

// Pickle returns v as a pickle.
func Pickle(v any) ([]byte, error) { return pickle.Marshal(v, nil) }
