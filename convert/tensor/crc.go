package tensor

import "hash/crc32"

// CombineCRC returns the CRC-32 (IEEE) of two pieces one after the other, from
// the CRC of each and the length of the second in bytes: so pieces of one entry
// are summed in parallel. A CRC is the remainder of a polynomial over GF(2);
// bytes appended multiply the first remainder by x^8 for each of them.
func CombineCRC(first, second uint32, secondBytes int64) uint32 {
	return multiply(xTo(8*uint64(secondBytes)), first) ^ second
}

// joiner adds up the CRCs of runs of bytes that begin at equal distances, in their order: the sum is what
// they contribute to the CRC of all bytes from anywhere before the first to the end of the last.
type joiner struct {
	every int64  // bytes from the beginning of one to that of the next
	times uint32 // by which that multiplies what is before
	sum   uint32
}

func (j *joiner) add(crc uint32) {
	if j.times == 0 {
		j.times = xTo(8 * uint64(j.every))
	}
	j.sum = multiply(j.times, j.sum) ^ crc
}

// multiply is the product of two polynomials modulo the CRC's, bit 31 being x^0.
func multiply(a, b uint32) uint32 {
	var product uint32
	for bit := uint32(1) << 31; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return product
}

// xTo returns x^n modulo the CRC's polynomial, by squaring.
func xTo(n uint64) uint32 {
	const one, x = uint32(1) << 31, uint32(1) << 30
	result, power := one, x
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			result = multiply(result, power)
		}
		power = multiply(power, power)
	}
	return result
}
