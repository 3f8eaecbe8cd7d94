package waiver

import (
	"fmt"
	"regexp"
	"strings"

	"accountfleet/internal/document"
	"accountfleet/internal/finding"
)

// AcceptedFile is where accepted secrets are kept, relative to the platform team's repository.
const AcceptedFile = "guard-rules/accepted-secrets.yaml"

// Accepted is a secret of the history that the platform team knows, for example because it was revoked before this pipeline was there.
type Accepted struct {
	Fingerprint string // keyed digest of the secret, as findings carry it: the secret itself is nowhere
	Rule        string
	Reason      string
	Owner       string
	Line        int // in AcceptedFile
}

// acceptedFile is accepted-secrets.yaml as it is written; schemas/accepted-secrets.schema.json is generated from it.
type acceptedFile struct {
	Accepted []acceptedEntry `json:"accepted" jsonschema_description:"Secrets that the history may hold. An empty list accepts none."`
}

type acceptedEntry struct {
	Fingerprint string `json:"fingerprint" jsonschema:"pattern=^[0-9a-f]{64}$" jsonschema_description:"Keyed digest of the secret: fleet check --only secrets --format json prints it."`
	Rule        string `json:"rule" jsonschema:"minLength=1" jsonschema_description:"Id of the rule that finds it, for example AWS_ACCESS_KEY."`
	Reason      string `json:"reason" jsonschema:"minLength=20" jsonschema_description:"Why it may stay, in a sentence that a reviewer understands: at least 20 characters."`
	Owner       string `json:"owner" jsonschema:"minLength=3" jsonschema_description:"Who revoked it and answers for it: a mail address or the name of a team."`
}

var fingerprint = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ParseAccepted reads accepted secrets; errors are those of Parse.
func ParseAccepted(name string, body []byte) ([]Accepted, error) {
	var raw acceptedFile
	var accepted []Accepted
	err := read(name, body, &raw, func(r *document.Report, d *document.Document) {
		seen := map[string]int{}
		for i, e := range raw.Accepted {
			accepted = append(accepted, e.check(r, d, i, seen))
		}
	})
	if err != nil {
		return nil, err
	}
	return accepted, nil
}

// check turns an entry into an accepted secret and reports what is wrong with it.
func (e acceptedEntry) check(r *document.Report, d *document.Document, i int, seen map[string]int) Accepted {
	at := document.Pointer("accepted", fmt.Sprint(i))
	a := Accepted{Fingerprint: e.Fingerprint, Rule: e.Rule, Reason: strings.TrimSpace(e.Reason), Owner: e.Owner, Line: d.Lines.At(at).Line}
	if e.Fingerprint != "" && !fingerprint.MatchString(e.Fingerprint) {
		r.Add(at+document.Pointer("fingerprint"), "want 64 lower-case hexadecimal digits", "copy it from fleet check --only secrets --format json; never write the secret")
	}
	if n := len([]rune(a.Reason)); e.Reason != "" && n < 20 {
		r.Add(at+document.Pointer("reason"), fmt.Sprintf("want a sentence of at least 20 characters, got %d", n), "say who revoked it and when")
	}
	key := e.Fingerprint + "\x00" + e.Rule
	if line, twice := seen[key]; twice && e.Rule != "" {
		r.Add(at, fmt.Sprintf("line %d accepts the same", line), "keep one of the two")
	}
	seen[key] = a.Line
	return a
}

// Accept turns findings about accepted secrets into notes. Where everything was searched, one that was not found is a warning.
func Accept(accepted []Accepted, findings []finding.Finding, everything bool) []finding.Finding {
	applied := append([]finding.Finding(nil), findings...)
	for _, a := range accepted {
		used := false
		for i := range applied {
			if f := &applied[i]; f.Gate == "secrets" && f.Fingerprint == a.Fingerprint && f.Rule == a.Rule {
				used, f.Severity = true, finding.Note
				f.Message = fmt.Sprintf("accepted by %s (%s): %s", a.Owner, a.Reason, f.Message)
			}
		}
		if !used && everything {
			f := finding.Finding{
				Gate: gate, Rule: "ACCEPTED_UNUSED", Severity: finding.Warning, File: AcceptedFile, Span: finding.Span{Line: a.Line},
				Resource: a.Fingerprint[:12], Message: "an accepted secret is nowhere in the history", Cure: "remove it from " + AcceptedFile,
			}
			f.Fingerprint = finding.Identify(f)
			applied = append(applied, f)
		}
	}
	return applied
}
