package keymap

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// joinedList returns the list that is in place of a name after from, nil if there is none.
func joinedList(value any) []any {
	items, _ := value.(yaml.MapSlice)
	for _, e := range items {
		if list, isList := e.Value.([]any); isList && e.Key == "from" {
			return list
		}
	}
	return nil
}

// parseJoined reads "from: [parts], rows: [from, to]": rows of what several tensors are together.
func parseJoined(value yaml.MapSlice, list []any, names scope) (o origin, err error) {
	for _, e := range value {
		switch e.Key {
		case "from":
		case "rows":
			var bounds []string
			if err := remarshal(e.Value, &bounds); err != nil {
				return o, fmt.Errorf("rows: %w", err)
			}
			if o.cut, err = compileRows(bounds, names); err != nil {
				return o, fmt.Errorf("rows: %w", err)
			}
		default:
			return o, fmt.Errorf("%v: from with a list goes together with rows only", e.Key)
		}
	}
	if o.cut == nil {
		return o, fmt.Errorf("rows is missing: those of the tensors of the list that are taken")
	}
	for _, item := range list {
		if entries, _ := item.(yaml.MapSlice); len(entries) != 1 {
			return o, fmt.Errorf("each entry of the list is one name with its shape")
		}
	}
	parts, err := parseParts(list, names, nil)
	o.parts = parts.parts
	return o, err
}

// cutJoined returns what some rows consist of, of parts whose rows follow each other.
func cutJoined(parts []Part, rows RowRange) ([]Part, error) {
	var taken []Part
	before := int64(0)
	for _, p := range parts {
		if len(p.Shape) == 0 {
			return nil, fmt.Errorf("%s has no rows", p.Name)
		}
		count := p.Shape[0]
		from, to := max(rows.From-before, 0), min(rows.To-before, count)
		if before += count; from >= to {
			continue
		}
		if from > 0 || to < count {
			p.Rows = RowRange{from, to}
		}
		taken = append(taken, p)
	}
	if rows.To > before {
		return nil, fmt.Errorf("rows %d to %d of tensors that have %d rows together", rows.From, rows.To, before)
	}
	return taken, nil
}
