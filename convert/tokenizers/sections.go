package tokenizers

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"
)

// What each section of a tokenizer.json may be, after tokenizers 0.23:
// src/{normalizers,pre_tokenizers,processors,decoders}/mod.rs and what they name.

// unit is a part that has nothing but its type.
func unit(name string) part { return part{name: name, shape: record{tag: name}.check} }

func of(fields ...field) shape { return record{fields: fields}.check }

// typed is a part whose type is looked at wherever it is read; flat as Rust's impl_serde_type has it.
func typed(name string, fields ...field) shape {
	return record{tag: name, fields: fields, flat: true}.check
}

var (
	pattern    = oneWith(map[string]shape{"String": aString, "Regex": aRegex})
	behaviors  = oneOf("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
	directions = oneOf("Left", "Right")

	replace   = of(has("pattern", pattern), has("content", aString))
	byteLevel = typed("ByteLevel", has("add_prefix_space", aBool), has("trim_offsets", aBool),
		field{"use_regex", aBool, never})
	metaspace = record{tag: "Metaspace", rule: prefixSpace, fields: []field{
		has("replacement", aChar), {"add_prefix_space", orNull(aBool), inLists},
		{"prepend_scheme", oneOf("first", "never", "always"), never}, {"split", orNull(aBool), inLists},
		{"str_rep", orNull(aString), inLists},
	}}.check
)

func aNormalizer(v any) error { return onePart(normalizers)(v) }

func normalizers() []part {
	return []part{
		{name: "Bert", shape: of(has("clean_text", aBool), has("handle_chinese_chars", aBool),
			field{"strip_accents", orNull(aBool), inLists}, has("lowercase", aBool))},
		{name: "Strip", shape: of(has("strip_left", aBool), has("strip_right", aBool))},
		unit("StripAccents"), unit("NFC"), unit("NFD"), unit("NFKC"), unit("NFKD"),
		{name: "Sequence", shape: of(has("normalizers", listOf(aNormalizer)))},
		unit("Lowercase"), unit("Nmt"),
		{name: "Precompiled", shape: of(has("precompiled_charsmap", aCharsmap)), chosen: true},
		{name: "Replace", shape: replace},
		{name: "Prepend", shape: of(has("prepend", aString))},
		unit("ByteLevel"),
	}
}

func aPreTokenizer(v any) error { return onePart(preTokenizers)(v) }

func preTokenizers() []part {
	return []part{
		unit("BertPreTokenizer"),
		{name: "ByteLevel", shape: byteLevel},
		{name: "Delimiter", shape: typed("CharDelimiterSplit", has("delimiter", aChar))},
		{name: "Metaspace", shape: metaspace},
		unit("Whitespace"),
		{name: "Sequence", shape: typed("Sequence", has("pretokenizers", listOf(aPreTokenizer)))},
		{name: "Split", shape: record{tag: "Split", fields: []field{
			has("pattern", pattern), has("behavior", behaviors), has("invert", aBool)}}.check},
		{name: "Punctuation", shape: typed("Punctuation", field{"behavior", behaviors, never})},
		unit("WhitespaceSplit"),
		{name: "Digits", shape: typed("Digits", has("individual_digits", aBool))},
		unit("UnicodeScripts"),
		{name: "FixedLength", shape: typed("FixedLength", field{"length", aCount, never})},
	}
}

func aDecoder(v any) error { return onePart(decoders)(v) }

func decoders() []part {
	return []part{
		{name: "BPEDecoder", shape: of(has("suffix", aString))},
		{name: "ByteLevel", shape: byteLevel},
		{name: "WordPiece", shape: of(has("prefix", aString), has("cleanup", aBool))},
		{name: "Metaspace", shape: metaspace},
		{name: "CTC", shape: of(has("pad_token", aString), has("word_delimiter_token", aString), has("cleanup", aBool))},
		{name: "Sequence", shape: typed("Sequence", has("decoders", listOf(aDecoder)))},
		{name: "Replace", shape: replace},
		unit("Fuse"),
		{name: "Strip", shape: of(has("content", aChar), has("start", aCount), has("stop", aCount))},
		unit("ByteFallback"),
	}
}

// aProcessor has no "type" that chooses: the first kind that it fits is taken.
func aProcessor(v any) error {
	for _, s := range processors() {
		if s(v) == nil {
			return nil
		}
	}
	if name := typeOf(v); name != "" {
		return errors.New("is no " + name + " that the library knows")
	}
	return errors.New("is nothing that is known")
}

func processors() []shape {
	token := pairOf(aString, anID)
	sequence := of(has("id", oneOf("A", "B")), has("type_id", anID))
	special := of(has("id", aString), has("type_id", anID))
	template := listOf(oneWith(map[string]shape{"Sequence": sequence, "SpecialToken": special}))
	tokens := mapOf(of(has("id", aString), has("ids", listOf(anID)), has("tokens", listOf(aString))))
	return []shape{
		of(has("sep", token), has("cls", token), has("trim_offsets", aBool), has("add_prefix_space", aBool)),
		of(has("sep", token), has("cls", token)),
		byteLevel,
		of(has("single", template), has("pair", template), has("special_tokens", tokens)),
		typed("Sequence", has("processors", listOf(aProcessor))),
	}
}

var aTruncation = of(field{"direction", directions, never}, has("max_length", aCount),
	has("strategy", oneOf("LongestFirst", "OnlyFirst", "OnlySecond")), has("stride", aCount))

var aPadding = of(has("strategy", either(oneOf("BatchLongest"), oneWith(map[string]shape{"Fixed": aCount}))),
	has("direction", directions), field{"pad_to_multiple_of", orNull(aCount), inLists},
	has("pad_id", anID), has("pad_type_id", anID), has("pad_token", aString))

var anAddedToken = record{flat: true, fields: []field{
	has("id", anID), has("content", aString), has("single_word", aBool), has("lstrip", aBool),
	has("rstrip", aBool), has("normalized", aBool), has("special", aBool),
}}.check

func aVersion(v any) error {
	if v != "1.0" {
		return errors.New(`is not "1.0"`)
	}
	return nil
}

// prefixSpace is a rule of Metaspace: add_prefix_space is the older name of prepend_scheme.
func prefixSpace(object members) error {
	before, scheme := any(nil), "always"
	for _, m := range object {
		switch m.key {
		case "add_prefix_space":
			before = m.value
		case "prepend_scheme":
			scheme, _ = oneName(m.value)
		}
	}
	if before == false && scheme != "never" {
		return errors.New("add_prefix_space is false, and prepend_scheme is " + scheme)
	}
	return nil
}

// aCharsmap is SentencePiece's table of characters: how many bytes a trie has, the trie, and
// the texts that it leads to, in base64 that needs no padding.
func aCharsmap(v any) error {
	text, _ := v.(string)
	bare := strings.TrimRight(text, "=")
	data, err := base64.RawStdEncoding.Strict().DecodeString(bare)
	padding, allowed := len(text)-len(bare), (4-len(bare)%4)%4
	if err != nil || padding > allowed || strings.ContainsAny(text, "\r\n") || len(data) < 4 {
		return errors.New("is not a table of characters in base64")
	}
	trie, rest := int64(binary.LittleEndian.Uint32(data))/4*4, data[4:]
	if trie > int64(len(rest)) || !utf8.Valid(rest[trie:]) {
		return errors.New("is not a table of characters")
	}
	return nil
}
