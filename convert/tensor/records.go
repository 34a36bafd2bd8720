package tensor

import (
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"hf2olmo/convert/fault"
)

// A Record is a run of bytes of a file that the file has the CRC-32 (IEEE) of: an
// entry of torch's zip archives.
type Record struct {
	Name          string // in the archive, such as "data/3"
	Tensor        string // the first of those in it, or ""
	Offset, Bytes int64
	CRC           uint32
}

// Unsummed is the warning about a file without checksums, "" for any other.
func (f *File) Unsummed() string {
	if !f.NoSums {
		return ""
	}
	return f.Name + ": was written without checksums (torch.serialization.set_crc32_options), " +
		"so damage to it cannot be detected"
}

// stretch is a part of a record that was read and summed.
type stretch struct {
	from, to int64 // in the file
	sum      uint32
}

// sums are what has been read of one file's records. Workers share it.
type sums struct {
	records []Record // by offset

	mu    sync.Mutex
	read  [][]stretch // of each record
	apart []scattered // of each record
}

// scattered is what was read of a record in runs that do not follow on one another: too many to keep each.
type scattered struct {
	bytes int64
	sum   uint32 // what they contribute to the CRC of the record
}

func newSums(file *File) *sums {
	if len(file.Records) == 0 {
		return nil
	}
	s := &sums{records: slices.Clone(file.Records), read: make([][]stretch, len(file.Records)),
		apart: make([]scattered, len(file.Records))}
	slices.SortFunc(s.records, func(a, b Record) int { return cmp.Compare(a.Offset, b.Offset) })
	return s
}

// note keeps the sum of bytes that were read, if they are in one record.
func (s *sums) note(from, to int64, sum uint32) {
	if i, ok := s.recordOf(from, to); ok {
		s.mu.Lock()
		s.read[i] = append(s.read[i], stretch{from, to, sum})
		s.mu.Unlock()
	}
}

// noteApart keeps what so many bytes, in runs from one byte of the file to another, contribute to the CRC of
// all that are there.
func (s *sums) noteApart(from, to, bytes int64, sum uint32) {
	if i, ok := s.recordOf(from, to); ok {
		r := &s.records[i]
		sum = CombineCRC(sum, 0, r.Offset+r.Bytes-to)
		s.mu.Lock()
		s.apart[i].bytes += bytes
		s.apart[i].sum ^= sum
		s.mu.Unlock()
	}
}

// recordOf returns the number of the record that a range of the file is in.
func (s *sums) recordOf(from, to int64) (i int, ok bool) {
	i, found := slices.BinarySearchFunc(s.records, from, func(r Record, at int64) int { return cmp.Compare(r.Offset, at) })
	if !found {
		i--
	}
	return i, i >= 0 && to <= s.records[i].Offset+s.records[i].Bytes
}

// CheckRecords compares the checksums that the files have of their records with their
// bytes. What was read through f already was summed on the way; the rest is read now:
// bytes that no tensor covers, or that were read out of order. The error is a fault.List
// that names file, tensor and record. Files without checksums are passed over, and if
// some are given, all but these.
func (f *Files) CheckRecords(ctx context.Context, only ...*File) error {
	type check struct {
		file *File
		sums *sums
		i    int // of the record
	}
	var checks []check
	for file, s := range f.sums {
		if len(only) > 0 && !slices.Contains(only, file) {
			continue
		}
		for i := range s.records {
			checks = append(checks, check{file, s, i})
		}
	}
	var faults fault.List
	var mu sync.Mutex
	err := Parallel(ctx, Workers(0, int64(len(checks))), Count(len(checks)), func(ctx context.Context) func(int) error {
		return func(n int) error {
			c := checks[n]
			sum, err := f.sumRecord(ctx, c.file, c.sums, c.i)
			if r := &c.sums.records[c.i]; err == nil && sum != r.CRC {
				mu.Lock()
				defer mu.Unlock()
				faults = append(faults, r.wrong(c.file, sum))
			}
			return err
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(faults, func(a, b *fault.Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Tensor, b.Tensor), cmp.Compare(a.Problem, b.Problem))
	})
	return faults.Err()
}

func (r *Record) wrong(file *File, sum uint32) *fault.Fault {
	return &fault.Fault{File: file.Name, Tensor: r.Tensor,
		Problem:  fmt.Sprintf("the checksum of its record %s is wrong: bytes were changed since it was saved", r.Name),
		Expected: fmt.Sprintf("%08x", r.CRC), Found: fmt.Sprintf("%08x", sum),
		Hint: "The file is damaged: copy or download it again."}
}

// sumRecord joins what was read of a record, and reads what is missing between.
func (f *Files) sumRecord(ctx context.Context, file *File, s *sums, i int) (sum uint32, err error) {
	r := &s.records[i]
	read := s.read[i]
	if a := s.apart[i]; a.bytes == r.Bytes && a.sum == r.CRC {
		return a.sum, nil
	}
	slices.SortFunc(read, func(a, b stretch) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	at, end := r.Offset, r.Offset+r.Bytes
	var buffer []byte
	for at < end {
		for len(read) > 0 && read[0].from < at {
			read = read[1:] // again, or overlapping: what is missing of it is read below
		}
		if len(read) > 0 && read[0].from == at {
			sum = CombineCRC(sum, read[0].sum, read[0].to-at)
			at = read[0].to
			continue
		}
		gap := min(end-at, straightBytes)
		if len(read) > 0 {
			gap = min(gap, read[0].from-at)
		}
		if err := ctx.Err(); err != nil {
			return 0, context.Cause(ctx)
		}
		if buffer == nil {
			buffer = make([]byte, min(end-at, straightBytes))
		}
		if err := f.ReadAt(file, buffer[:gap], at); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, buffer[:gap])
		at += gap
	}
	return sum, nil
}
