package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"hf2olmo/convert/fault"
)

// Severity is how bad a finding is.
type Severity int

// The severities, worst first.
const (
	Error   Severity = iota // the trainer does not load the folder, or loads garbage
	Warning                 // it loads, but not as one may think
	Note                    // good to know
)

var severities = [...]string{Error: "error", Warning: "warning", Note: "note"}

func (s Severity) String() string { return severities[s] }

// MarshalJSON writes the severity as a word.
func (s Severity) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// A Finding is one thing about a folder that its user should know.
type Finding struct {
	Severity Severity
	Code     string // what it is, in a word that does not change
	File     string // the file concerned, by its path in the folder, or ""
	Tensor   string // the tensor or field concerned, or ""
	Problem  string // lower case, without a full stop
	Expected string
	Found    string
	Trainer  string // what the trainer does then, sentences; several lines if it lists much
	Hint     string // what to do, a sentence

	id     string // what the table calls it: its code, or code/case
	others int    // of the same kind, which this one counts and which are not listed
}

// Message is what is wrong and what the trainer does then, on one line.
func (f *Finding) Message() string {
	if f.Trainer == "" {
		return f.Problem
	}
	return f.Problem + ". " + strings.ReplaceAll(f.Trainer, "\n", " ")
}

// A Report is what was found out about one folder.
type Report struct {
	Folder   string
	Kind     Kind
	Findings []Finding // in order of severity

	counts map[sort]int // of all that were found, by sort
}

// A sort is what findings have in common that differ in their tensors.
type sort struct {
	severity   Severity
	code, file string
}

// maxListed bounds the findings of one sort that are listed: a hostile file can cause any number.
const maxListed = 2000

func (r *Report) add(f Finding) {
	if r.counts == nil {
		r.counts = map[sort]int{}
	}
	of := sort{f.Severity, f.Code, f.File}
	if r.counts[of]++; r.counts[of] <= maxListed {
		r.Findings = append(r.Findings, f)
	}
}

// hasFinding reports whether there is a finding with this code, or that the table calls so.
func (r *Report) hasFinding(code string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == code || f.id == code })
}

// finish counts the findings that are not listed, and puts all in order of severity.
func (r *Report) finish() {
	var rest []Finding
	for of, n := range r.counts {
		if more := n - maxListed; more > 0 {
			rest = append(rest, Finding{Severity: of.severity, Code: of.code, File: of.file,
				Problem: fmt.Sprintf("%d more problems of this kind are not listed", more), others: more - 1})
		}
	}
	slices.SortFunc(rest, func(a, b Finding) int { return strings.Compare(a.Code+a.File, b.Code+b.File) })
	r.Findings = append(r.Findings, rest...)
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return int(a.Severity - b.Severity) })
}

// Loads reports whether the trainer loads the folder.
func (r *Report) Loads() bool { return r.Count(Error) == 0 }

// Count returns how many findings are of this severity.
func (r *Report) Count(g Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == g {
			n += 1 + f.others
		}
	}
	return n
}

// A Line is one finding as people read it, or many that differ only in the number
// of a layer.
type Line struct {
	Severity Severity
	Text     string
	More     []string // what the trainer does, what to do
}

// Lines returns the findings as people read them.
func (r *Report) Lines() []Line {
	var lines []Line
	for _, g := range []Severity{Error, Warning, Note} {
		var faults fault.List
		for _, f := range r.Findings {
			if f.Severity == g {
				faults = append(faults, &fault.Fault{File: f.File, Tensor: f.Tensor, Problem: f.Problem,
					Expected: f.Expected, Found: f.Found, Hint: f.Trainer + "\n" + f.Hint})
			}
		}
		for _, line := range faults.Lines() {
			var more []string
			for _, text := range strings.Split(line.Hint, "\n") {
				if text != "" {
					more = append(more, fault.Printable(text))
				}
			}
			lines = append(lines, Line{g, line.Text, more})
		}
	}
	return lines
}

// Verdict is the answer in a line.
func (r *Report) Verdict() string {
	var counts []string
	for _, g := range []Severity{Error, Warning} {
		if n := r.Count(g); n == 1 {
			counts = append(counts, "1 "+g.String())
		} else if n > 1 {
			counts = append(counts, fmt.Sprintf("%d %ss", n, g))
		}
	}
	verdict := "would load"
	if !r.Loads() {
		verdict = "would NOT load"
	}
	if len(counts) == 0 {
		return verdict
	}
	return verdict + ": " + strings.Join(counts, ", ")
}

// record is a finding as it is written to JSON. Scripts depend on its fields.
type record struct {
	Severity Severity `json:"severity"`
	Gravity  Severity `json:"gravity"` // what severity was called; for one version
	Code     string   `json:"code"`
	File     string   `json:"file"`
	Tensor   string   `json:"tensor"`
	Message  string   `json:"message"`
	Expected string   `json:"expected"`
	Found    string   `json:"found"`
	Hint     string   `json:"hint"`
}

// MarshalJSON writes the report as one object with fields that do not change.
func (r *Report) MarshalJSON() ([]byte, error) {
	records := []record{}
	for _, f := range r.Findings {
		records = append(records, record{f.Severity, f.Severity, f.Code, f.File, f.Tensor, f.Message(), f.Expected, f.Found,
			f.Hint})
	}
	return json.Marshal(struct {
		Folder   string   `json:"folder"`
		Kind     Kind     `json:"kind"`
		Loads    bool     `json:"loads"`
		Findings []record `json:"findings"`
	}{r.Folder, r.Kind, r.Loads(), records})
}

// withoutFile returns an error without the files that it names, which the finding about it names.
func withoutFile(err error) error {
	var faults fault.List
	faults.Add("", err)
	for i, f := range faults {
		bare := *f
		bare.File = ""
		faults[i] = &bare
	}
	return faults.Err()
}
