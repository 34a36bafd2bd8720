package fault

import "fmt"

// Bytes writes a size in bytes for a message: "1 byte", "20 bytes".
func Bytes(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
