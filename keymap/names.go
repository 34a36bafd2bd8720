package keymap

import (
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"
)

// A Sign says, by its tensor names, why a model cannot be converted as it is.
type Sign struct {
	Is string // a clause: what it is
	Do string // a sentence: what to do about it
	patterns
}

type patterns []*regexp.Regexp

func (p patterns) match(name string) bool {
	return slices.ContainsFunc(p, func(r *regexp.Regexp) bool { return r.MatchString(name) })
}

// nameList is names.yaml.
type nameList struct {
	buffers patterns
	signs   []Sign
}

var knownNames = sync.OnceValue(func() *nameList {
	text, err := files.ReadFile("names.yaml")
	if err == nil {
		var n *nameList
		if n, err = parseNames(text); err == nil {
			return n
		}
	}
	panic(fmt.Sprintf("names.yaml: %v", err)) // it is bundled, and a test reads it
})

func parseNames(text []byte) (*nameList, error) {
	var y struct {
		Buffers []string `yaml:"buffers"`
		Signs   []struct {
			Names []string `yaml:"names"`
			Is    string   `yaml:"is"`
			Do    string   `yaml:"do"`
		} `yaml:"signs"`
	}
	if err := yaml.UnmarshalWithOptions(text, &y, yaml.Strict()); err != nil {
		return nil, err
	}
	var n nameList
	var err error
	if n.buffers, err = compileAll(y.Buffers); err != nil {
		return nil, fmt.Errorf("buffers: %w", err)
	}
	for _, s := range y.Signs {
		p, err := compileAll(s.Names)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Is, err)
		}
		n.signs = append(n.signs, Sign{s.Is, s.Do, p})
	}
	return &n, nil
}

func compileAll(texts []string) (p patterns, err error) {
	for _, text := range texts {
		r, err := regexp.Compile(text)
		if err != nil {
			return nil, err
		}
		p = append(p, r)
	}
	return p, nil
}

// IsBuffer reports whether a tensor that no table uses is a buffer that follows from
// config.json and that transformers does not load.
func IsBuffer(tensor string) bool { return knownNames().buffers.match(tensor) }

// maxSigns is how many names are searched for signs: those of real models repeat in every layer.
const maxSigns = 2000

// SignOf returns what unused tensors say about the model, nil if nothing.
func SignOf(surplus []string) *Sign {
	surplus = surplus[:min(maxSigns, len(surplus))]
	for i := range knownNames().signs {
		s := &knownNames().signs[i]
		if slices.ContainsFunc(surplus, s.match) {
			return s
		}
	}
	return nil
}
