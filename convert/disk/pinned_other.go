//go:build !linux

package disk

// Pinned returns "": other systems cannot be asked.
func Pinned(string) string { return "" }
