package main

import (
	"fmt"
	"math"
	"math/big"
	"reflect"

	"hf2olmo/convert/omegaconf"
)

// typed keeps apart what JSON would not: 1 and 1.0, and the bits of a float.
func typed(v any) any {
	switch v := v.(type) {
	case omegaconf.Value:
		return typed(v.Data)
	case *omegaconf.Mapping:
		object := map[string]any{}
		for _, key := range v.Keys() {
			object[key] = "text ???" // the field's default stays
			if value := v.Get(key); value.There {
				object[key] = typed(value)
			}
		}
		return object
	case []omegaconf.Value:
		list := []any{}
		for _, value := range v {
			list = append(list, typed(value))
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, value := range v {
			object[name] = typed(value)
		}
		return object
	case []any:
		list := []any{}
		for _, value := range v {
			list = append(list, typed(value))
		}
		return list
	case float64:
		if math.IsNaN(v) {
			return "float nan"
		}
		return fmt.Sprintf("float %016x", math.Float64bits(v))
	case string:
		return "text " + v
	case nil:
		return "null"
	}
	if n, ok := v.(*big.Int); ok {
		return fmt.Sprintf("int %d", n)
	}
	switch reflect.ValueOf(v).Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return fmt.Sprintf("int %d", v)
	}
	return fmt.Sprintf("%T %v", v, v)
}
