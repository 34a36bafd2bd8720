package pickle

import (
	"fmt"

	"hf2olmo/convert/fault"
)

// DownloadAgain is the hint about a file that no program writes.
const DownloadAgain = "The file is damaged or not complete: copy or download it again."

func problem(format string, args ...any) *fault.Fault {
	return &fault.Fault{Problem: fmt.Sprintf(format, args...)}
}

func damaged(problem string) *fault.Fault {
	return &fault.Fault{Problem: problem, Hint: DownloadAgain}
}

// Broken is the fault of a pickle that no program writes. found is what it contains.
func Broken(found string) *fault.Fault {
	f := damaged("the pickle is broken")
	f.Found = found
	return f
}

func brokenOff() *fault.Fault { return damaged("the pickle is broken or cut short") }

func refusedOpcode(code byte) *fault.Fault {
	if name := opcodes[code].name; name != "" {
		return problem("the pickle uses the opcode %s, which torch does not write for tensors", name)
	}
	return Broken(fmt.Sprintf("0x%02x, which is not an opcode", code))
}
