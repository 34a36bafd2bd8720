package torchfile

// Records of a zip archive, as in PKWARE's APPNOTE 6.3. All numbers are
// little-endian.
const (
	localHeaderMagic   = 0x04034b50
	centralHeaderMagic = 0x02014b50
	endMagic           = 0x06054b50
	zip64EndMagic      = 0x06064b50
	zip64LocatorMagic  = 0x07064b50

	localHeaderSize   = 30 // without name and extra fields
	centralHeaderSize = 46 // without name and extra fields
	endSize           = 22 // without comment
	zip64EndSize      = 56
	zip64LocatorSize  = 20
	maxComment        = 1<<16 - 1

	zip64ExtraID   = 0x0001
	paddingExtraID = 'F' | 'B'<<8 // torch pads with it so that data are aligned
	extraHeadSize  = 4            // of any extra field: its ID and length

	flagEncrypted = 1 << 0
	flagUTF8      = 1 << 11

	// Flags that change nothing: how hard deflate tried, a descriptor, names in UTF-8.
	// Other ones are of encryption and patches.
	knownFlags = 3<<1 | 1<<3 | flagUTF8

	dosFolder = 1 << 4 // external attribute: torch reads no bytes of such an entry

	// The largest number in a field of 16 or 32 bits says that the real one is in
	// the zip64 record.
	full16 = 1<<16 - 1
	full32 = 1<<32 - 1

	versionPlain = 20 // "version needed to extract", in tenths
	versionZip64 = 45

	// The earliest date that a zip archive can hold: 1980-01-01.
	dosDate = 0<<9 | 1<<5 | 1

	dataAlignment = 64 // bytes
)
