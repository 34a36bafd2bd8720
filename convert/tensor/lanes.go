package tensor

// Here an uint64 holds two lanes of 32 bits, each with the bits of a float32, or of
// a narrow float in its lower half. No sum reaches from one lane into the next:
// signs are cleared where it could.
const (
	each      = 0x00000001_00000001 // times n: n in both lanes
	lane16    = each * 0xffff
	magnitude = each * 0x7fffffff
	sign      = each * 0x80000000
)

// spread takes four values of 16 bits apart, two to a result.
func spread(four uint64) (low, high uint64) {
	low, high = four&0xffffffff, four>>32
	return (low | low<<16) & lane16, (high | high<<16) & lane16
}

// join undoes spread.
func join(low, high uint64) uint64 {
	return uint64(uint32(low|low>>16)) | (high|high>>16)<<32
}

// fitBFloat16 reports whether all four float32 stay finite as bfloat16: none reaches
// halfway from the largest bfloat16 to the next.
func fitBFloat16(low, high uint64) bool {
	const room = each * (0x80000000 - 0x7f7f8000)
	return ((low&magnitude+room)|(high&magnitude+room))&sign == 0
}

// narrowBFloat16s is narrowBFloat16 of two that fit.
func narrowBFloat16s(x uint64) uint64 {
	return (x + each*0x7fff + x>>16&each) >> 16 & lane16
}

// fitFloat16 reports whether all four float32 are normal as float16: from 2^-14 to
// below halfway from the largest float16 to the next.
func fitFloat16(low, high uint64) bool {
	const (
		least = each * (0x80000000 - 0x38800000)
		room  = each * (0x80000000 - 0x477ff000)
	)
	low, high = low&magnitude, high&magnitude
	return (low+least)&(high+least)&^((low+room)|(high+room))&sign == sign
}

// narrowFloat16s is narrowFloat16 of two that fit.
func narrowFloat16s(x uint64) uint64 {
	rebased := x&magnitude - each*((127-15)<<23)
	return (rebased+each*0xfff+rebased>>13&each)>>13&(each*0x7fff) | x>>16&(each*0x8000)
}

// normalFloat16s reports whether all four float16 are normal: neither zero nor
// subnormal, neither infinite nor NaN.
func normalFloat16s(four uint64) bool {
	const lanes = 0x0001_0001_0001_0001
	m := four & (lanes * 0x7fff)
	return (m+lanes*(0x8000-0x0400))&^(m+lanes*(0x8000-0x7c00))&(lanes*0x8000) == lanes*0x8000
}

// widenFloat16s is widenFloat16 of two that are normal.
func widenFloat16s(x uint64) uint64 {
	return x&(each*0x8000)<<16 | (x&(each*0x7fff)<<13 + each*((127-15)<<23))
}
