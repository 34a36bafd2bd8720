package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"hf2olmo/convert/regular"
)

// hashFile returns the SHA-256 of a regular file, as in a manifest.
func hashFile(ctx context.Context, path string) (string, error) {
	h := sha256.New()
	err := sumFile(ctx, path, h)
	return hex.EncodeToString(h.Sum(nil)), err
}

// hashText returns the SHA-256 of a small file's contents, as in a manifest.
func hashText(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// crcFile returns the CRC-32 of a regular file, as in a manifest.
func crcFile(ctx context.Context, path string) (string, error) {
	h := crc32.NewIEEE()
	err := sumFile(ctx, path, h)
	return CRC(h.Sum32()), err
}

// CRC returns a CRC-32 as in a manifest: eight hexadecimal digits.
func CRC(sum uint32) string { return fmt.Sprintf("%08x", sum) }

func sumFile(ctx context.Context, path string, h hash.Hash) error {
	f, _, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(h, &stopping{ctx, f}, make([]byte, 1<<20))
	return err
}

// stopping is a reader that fails once its context ends.
type stopping struct {
	ctx context.Context
	io.Reader
}

func (s *stopping) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.Reader.Read(p)
}
