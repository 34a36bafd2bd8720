package torchfile

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"hf2olmo/convert/fault"
)

// The entries that torch.save writes besides the storages: since 1.6 the first two, since 2.1 the
// byte order and the id (of all checksums), since 2.7 the rest.
const (
	pickleName    = "data.pkl"
	versionName   = "version"
	orderName     = "byteorder"
	idName        = ".data/serialization_id"
	formatName    = ".format_version"
	alignmentName = ".storage_alignment"
	storageFolder = "data/"
)

// maxSmall is the size of the largest entry besides the pickle and the storages.
const maxSmall = 1 << 10

// checkSmall reads the small records as torch does, and their checksums.
func (a *archive) checkSmall() error {
	for _, small := range []struct {
		name  string
		needs bool
		check func(text string) *fault.Fault
	}{
		{orderName, false, checkOrder},
		{versionName, true, checkVersion},
		{alignmentName, false, checkNumber},
		{formatName, false, checkNumber},
		{idName, false, checkText},
	} {
		if !small.needs && a.entries[a.top+"/"+small.name] == nil {
			continue
		}
		from, size, err := a.locate(small.name)
		if err != nil {
			return err
		}
		if size > maxSmall {
			return damaged("the entry %s of the zip archive is larger than torch writes it", small.name)
		}
		text := make([]byte, size)
		if err := readAt(a.r, text, from); err != nil {
			return err
		}
		if err := a.checkSum(small.name, crc32.ChecksumIEEE(text)); err != nil {
			return err
		}
		if f := small.check(string(text)); f != nil {
			return f
		}
	}
	return nil
}

// checkOrder checks the byte order. Files from before torch 2.1 do not have it, and are
// little-endian for torch.load.
func checkOrder(text string) *fault.Fault {
	switch text {
	case "little":
		return nil
	case "big":
		return bigEndian()
	}
	return damaged("the byte order is neither little nor big")
}

// maxVersion is the newest version of the format that torch 2.13 reads.
const maxVersion = 10

func checkVersion(text string) *fault.Fault {
	text = strings.TrimSuffix(text, "\n")
	n, err := strconv.Atoi(text)
	if err != nil || checkNumber(text) != nil || n < 1 || n > maxVersion {
		return damaged("the version of the archive is not one that torch reads")
	}
	return nil
}

func checkNumber(text string) *fault.Fault {
	if text == "" || len(text) > 9 || strings.Trim(text, "0123456789") != "" {
		return damaged("the archive's version or alignment is not a number")
	}
	return nil
}

func checkText(text string) *fault.Fault {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return damaged("the archive's serialization_id is not plain text")
	}
	return nil
}

// checkNames allows only entries that torch.save writes: those above and storages. Another
// reader might read others instead.
func (a *archive) checkNames() error {
	known := []string{pickleName, versionName, orderName, idName, formatName, alignmentName}
	var foreign []string
	for full := range a.entries {
		name, inside := strings.CutPrefix(full, a.top+"/")
		if _, ok := storageKey(name); !inside || !ok && !slices.Contains(known, name) {
			foreign = append(foreign, full)
		}
	}
	if len(foreign) == 0 {
		return nil
	}
	slices.Sort(foreign)
	f := damaged("the zip archive has the entry %q, which torch does not write beside tensors", foreign[0])
	if more := len(foreign) - 1; more > 0 {
		f.Problem += fmt.Sprintf(", and %d more", more)
	}
	f.Hint = "Load the file in Python and save it again with torch.save."
	return f
}

// storageKey returns the key of the storage in an entry, which is named without the
// archive's folder.
func storageKey(name string) (key string, ok bool) {
	key, ok = strings.CutPrefix(name, storageFolder)
	return key, ok && key != "" && !strings.Contains(key, "/")
}

// asciiLower returns name as miniz, torch's zip reader, compares it.
func asciiLower(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, name)
}
