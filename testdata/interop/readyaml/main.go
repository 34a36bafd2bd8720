// Command readyaml answers what package omegaconf makes of documents: test_omegaconf.py holds
// it against OmegaConf. It reads a JSON text a line, and writes a JSON object a line:
//
//	{"read": document}  {"write": text}
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"strconv"

	"hf2olmo/convert/omegaconf"
)

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<16)
	out := bufio.NewWriter(os.Stdout)
	for d := json.NewDecoder(in); ; out.Flush() {
		var request struct{ Read, Write *string }
		if d.Decode(&request) != nil {
			return
		}
		answer := map[string]any{}
		var err error
		if request.Write != nil {
			answer["text"], err = omegaconf.Text(*request.Write)
		} else {
			var document *omegaconf.Document
			if document, err = omegaconf.Read([]byte(*request.Read)); err == nil {
				answer["value"] = tagged(document.Value)
			}
		}
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		text, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(out, "%s\n", text)
	}
}

// tagged writes a value with its type, as test_omegaconf.py writes OmegaConf's, and with what
// it is in a field of each type.
func tagged(v omegaconf.Value) any {
	as := map[string]string{}
	for _, kind := range []string{"int", "float", "bool", "string"} {
		if x, err := v.As(kind); err == nil {
			as[kind] = scalar(x)
		}
	}
	switch d := v.Data.(type) {
	case []omegaconf.Value:
		list := []any{}
		for _, item := range d {
			list = append(list, tagged(item))
		}
		return list
	case *omegaconf.Mapping:
		pairs := [][2]any{}
		for _, key := range d.Keys() {
			pairs = append(pairs, [2]any{key, tagged(d.Get(key))})
		}
		return map[string]any{"map": pairs}
	case string:
		if s, known := v.Text(); known {
			return map[string]any{"str": s, "as": as}
		}
		return map[string]any{"unknown": true}
	}
	return map[string]any{"scalar": scalar(v.Data), "as": as}
}

func scalar(v any) string {
	switch d := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(d)
	case int:
		return "int " + strconv.Itoa(d)
	case int64:
		return "int " + strconv.FormatInt(d, 10)
	case *big.Int:
		return "int " + d.String()
	case float64:
		if math.IsNaN(d) {
			return "float nan"
		}
		return fmt.Sprintf("float %x", math.Float64bits(d))
	}
	return fmt.Sprint(v)
}
