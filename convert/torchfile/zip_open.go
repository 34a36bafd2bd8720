package torchfile

import (
	"archive/zip"
	"io"
	"strings"
)

// archive is the directory of a zip archive. Entries are read only by locate.
type archive struct {
	r       io.ReaderAt
	end     zipEnd
	entries map[string]*zip.File
	top     string // the folder of data.pkl
	noSums  bool   // it was saved without checksums
	used    []span

	storages map[string]*storage // that the pickle names, by their keys
	records  []record            // of all storages
}

// openArchive reads the directory of an archive that torch.save wrote.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	a, err := openDirectory(r, size)
	if err != nil {
		return nil, err
	}
	return a, a.checkKind()
}

// openDirectory reads the directory of any archive, once its end was checked: archive/zip
// trusts what it claims.
func openDirectory(r io.ReaderAt, size int64) (*archive, error) {
	end, err := readEnd(r, size)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) == 0 {
		return nil, brokenDirectory()
	}
	if err := walkDirectory(r, z.File, end, checkRecord); err != nil {
		return nil, err
	}
	a := &archive{r: r, end: end, entries: make(map[string]*zip.File, len(z.File)), noSums: true}
	folded := make(map[string]string, len(z.File))
	for _, f := range z.File {
		if !plainName(f.Name) {
			return nil, damaged("the zip archive has an entry %q, which points outside it", f.Name)
		}
		if a.entries[f.Name] != nil {
			return nil, damaged("the zip archive has two entries %q", f.Name)
		}
		// torch finds entries whatever the case of their names, and takes either.
		lower := asciiLower(f.Name)
		if other, twice := folded[lower]; twice {
			return nil, damaged("the zip archive has two entries that differ only in case, %q and %q", other, f.Name)
		}
		folded[lower] = f.Name
		a.entries[f.Name] = f
		a.noSums = a.noSums && f.CRC32 == 0
	}
	// As torch does: the folder of the first entry is that of all.
	a.top, _, _ = strings.Cut(z.File[0].Name, "/")
	return a, nil
}

// checkKind refuses archives that torch.save did not write.
func (a *archive) checkKind() error {
	for name := range a.entries {
		if strings.HasSuffix(name, ".npy") {
			return problem("not a file that torch.save wrote: it is a zip archive of numpy arrays")
		}
	}
	if a.entries[a.top+"/data.pkl"] == nil {
		return problem("not a file that torch.save wrote: the zip archive has no data.pkl")
	}
	if a.entries[a.top+"/constants.pkl"] != nil {
		f := problem("a TorchScript archive is a program, not a dict of tensors")
		f.Hint = "Save its weights: torch.save(torch.jit.load(FILE).state_dict(), \"pytorch_model.bin\")."
		return f
	}
	return nil
}
