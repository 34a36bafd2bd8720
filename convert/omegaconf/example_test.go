package omegaconf_test

import (
	"fmt"
	"log"

	"hf2olmo/convert/omegaconf"
)

// A config.yaml is read like the trainer reads it: 1e-06 is a number, although it is text to YAML 1.1,
// "yes" is a boolean, and a text becomes the type of its field.
func ExampleRead() {
	document, err := omegaconf.Read([]byte("model:\n  n_layers: '16'\n  layer_norm_eps: 1e-06\n  rope: yes\n"))
	if err != nil {
		log.Fatal(err)
	}
	model := document.Data.(*omegaconf.Mapping).Section("model")
	for field, kind := range map[string]string{"n_layers": "int", "layer_norm_eps": "float", "rope": "bool"} {
		v, err := model.Get(field).As(kind)
		fmt.Printf("%s %v %T %v\n", field, v, v, err)
	}
	// Unordered output:
	// n_layers 16 int <nil>
	// layer_norm_eps 1e-06 float64 <nil>
	// rope true bool <nil>
}

// What is written is read back as the same value by OmegaConf, PyYAML and YAML 1.2.
func ExampleScalar() {
	for _, v := range []any{1e-06, "yes", "/data/step0-unsharded", "a: b", "${x}", nil} {
		text, err := omegaconf.Scalar(v)
		fmt.Println(text, err)
	}
	_, err := omegaconf.Scalar("???")
	fmt.Println(err)
	// Output:
	// 1.0e-06 <nil>
	// "yes" <nil>
	// /data/step0-unsharded <nil>
	// "a: b" <nil>
	// "\\${x}" <nil>
	// null <nil>
	// means a missing value to OmegaConf
}
