package olmo

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path/filepath"
	"strings"
)

// OptimizerFile is what a trainer writes beside ModelFile, and a conversion does not.
const OptimizerFile = "optim.pt"

// GlobalStep returns the step at which a trainer wrote the folder, from its train.pt.
// A trainer's own holds random states of many Python types; so the one number is
// looked for behind its name, and nothing is unpickled. known is false where it is not found.
func GlobalStep(folder string) (step int64, known bool) {
	archive, err := zip.OpenReader(filepath.Join(folder, TrainFile))
	if err != nil {
		return 0, false
	}
	defer archive.Close()
	for _, entry := range archive.File {
		if !strings.HasSuffix(entry.Name, "/data.pkl") {
			continue
		}
		const most = 16 << 20
		r, err := entry.Open()
		if err != nil {
			return 0, false
		}
		defer r.Close()
		pickle, err := io.ReadAll(io.LimitReader(r, most))
		if err != nil {
			return 0, false
		}
		return pickledInt(pickle, "global_step")
	}
	return 0, false
}

// pickledInt finds the integer that follows a string key in a pickle of protocol 2:
// BINUNICODE and the key, perhaps BINPUT or LONG_BINPUT, then BININT1, BININT2,
// BININT or LONG1.
func pickledInt(pickle []byte, key string) (int64, bool) {
	name := append(binary.LittleEndian.AppendUint32([]byte{'X'}, uint32(len(key))), key...)
	at := bytes.Index(pickle, name)
	if at < 0 {
		return 0, false
	}
	rest := append(bytes.Clone(pickle[at+len(name):min(len(pickle), at+len(name)+32)]), make([]byte, 16)...)
	switch rest[0] {
	case 'q':
		rest = rest[2:]
	case 'r':
		rest = rest[5:]
	}
	switch op, value := rest[0], rest[1:]; {
	case op == 'K':
		return int64(value[0]), true
	case op == 'M':
		return int64(binary.LittleEndian.Uint16(value)), true
	case op == 'J':
		return int64(int32(binary.LittleEndian.Uint32(value))), true
	case op == 0x8a && value[0] <= 8:
		n := int64(0)
		for i := int(value[0]); i > 0; i-- {
			n = n<<8 | int64(value[i])
		}
		return n, true
	}
	return 0, false
}
