package fault

import "fmt"

// Bytes writes a size in bytes for a message: "1 byte", "20 bytes".
func Bytes(n int64) string { return Plural(n, "byte") }

// Plural counts things: "1 note", "2 notes".
func Plural[N int | int64](n N, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
