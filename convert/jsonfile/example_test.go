package jsonfile_test

import (
	"fmt"
	"log"
	"strings"

	"hf2olmo/convert/jsonfile"
)

// What Python's json reads is read, with integers as integers.
func ExampleReadObject() {
	config, err := jsonfile.ReadObject(strings.NewReader(`{"hidden_size": 4096, "rope_theta": 1e4, "scale": Infinity}`),
		jsonfile.ConfigLimits)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%#v %#v %v\n", config["hidden_size"], config["rope_theta"], config["scale"])
	// Output: 4096 10000 +Inf
}

// An error says where the file is wrong.
func ExampleFault() {
	text := strings.NewReader("{\"layers\": 2,\n \"layers\": 3}")
	_, err := jsonfile.ReadObject(text, jsonfile.ConfigLimits)
	fmt.Println(jsonfile.Fault("config.json", text, err))
	// Output: config.json: name "layers" appears twice, with different values at line 2, column 13
}
