package torchfile

import (
	"bytes"
	"io"
	"unicode/utf8"

	"hf2olmo/convert/fault"
	"hf2olmo/convert/pickle"
)

// headSize is how much of a file is read to find out what it is.
const headSize = 512

// legacyMagics are the starts of a file in the older format: the pickle of torch's
// magic number 0x1950a86a20f9469cfc6c, up to its last byte, by pickle protocol.
var legacyMagics = [][]byte{
	[]byte("L119547037146038801333356L\n."),
	[]byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
	[]byte("\x80\x03\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
	[]byte("\x80\x04\x95\x0d\x00\x00\x00\x00\x00\x00\x00\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
	[]byte("\x80\x05\x95\x0d\x00\x00\x00\x00\x00\x00\x00\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
}

func readHead(r io.ReaderAt, size int64) ([]byte, error) {
	head := make([]byte, min(size, headSize))
	return head, readAt(r, head, 0)
}

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04"))
}

func isLegacy(head []byte) bool {
	return legacyStart(head) > 0
}

// legacyStart returns the length of the magic number's pickle, 0 if there is none.
func legacyStart(head []byte) int64 {
	for _, magic := range legacyMagics {
		if bytes.HasPrefix(head, magic) {
			return int64(len(magic))
		}
	}
	return 0
}

// notTorch says what the file is instead, as far as its first bytes show.
func notTorch(head []byte, size int64) *fault.Fault {
	if size == 0 {
		f := damaged("the file is empty")
		return f
	}
	for _, magic := range append(legacyMagics, []byte("PK\x03\x04")) {
		if bytes.HasPrefix(magic, head) {
			return cutShort("a file that torch.save wrote", size)
		}
	}
	f := problem("not a file that torch.save wrote")
	f.Found, f.Hint = looksLike(head)
	return f
}

// looksLike names what a file with this head is, and what to do about it.
func looksLike(head []byte) (what, hint string) {
	starts := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	switch {
	case starts("version https://git-lfs"):
		return "a Git LFS pointer, not the file itself", "Fetch the file itself with `git lfs pull`."
	case len(head) > 8 && head[8] == '{' && head[7] == 0 && head[6] == 0:
		return "a safetensors file", "Give the file a name that ends in .safetensors."
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "a tar archive, as torch wrote before version 0.1.11", "Load the file with an old torch and save it again."
	case starts("PK\x05\x06"):
		return "an empty zip archive", pickle.DownloadAgain
	case starts("\x89HDF\r\n"):
		return "an HDF5 file", "Convert TensorFlow weights with transformers first."
	case starts("GGUF"):
		return "a GGUF file", ""
	case starts("\x1f\x8b"):
		return "a gzip file", "Decompress the file first."
	case starts("\x93NUMPY"):
		return "a numpy file", ""
	case starts("<!DOCTYPE") || starts("<html"):
		return "a web page", pickle.DownloadAgain
	case isPickle(head):
		return "another kind of pickle", "Load the file in Python and save a dict of tensors with torch.save."
	case isText(head):
		return "a text file", pickle.DownloadAgain
	}
	return "", pickle.DownloadAgain
}

// isPickle reports whether a file starts as a pickle of one of the protocols 2 to 5.
func isPickle(head []byte) bool { return len(head) > 1 && head[0] == 0x80 && head[1] <= 5 }

func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && len(head) >= utf8.UTFMax || r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
		head = head[n:]
	}
	return true
}
