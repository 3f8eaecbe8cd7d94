// Package waiver reads the platform team's waivers, guard-rules/waivers.yaml, and applies them to findings.
//
// A waiver is the only way past a rule: suppressions in templates are stripped before any tool sees them, and a catalog cannot bring
// waivers of its own. It names one rule, product and resource, says why, who answers for it and until when. A waived finding stays
// visible as a note. A waiver that expired is a finding, and so is one that waives nothing. The package is pure. Start at Parse and Apply.
package waiver

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"accountfleet/internal/document"
	"accountfleet/internal/finding"
)

// File is where waivers are kept, relative to the platform team's repository.
const File = "guard-rules/waivers.yaml"

// gate is how findings about waivers themselves are filed.
const gate = "waivers"

// Longest is how far ahead a waiver may expire: what must hold for longer is a decision about the rule.
const Longest = 366 * 24 * time.Hour

// Waiver lets one resource of one product break one rule for a time.
type Waiver struct {
	Rule     string
	Product  string
	Resource string    // logical id, or what the finding calls its subject, for example Parameters.Password
	Reason   string    //
	Owner    string    // who answers for it: a mail address or a team's name
	Expires  time.Time // the first moment, in UTC, at which it no longer holds
	Line     int       // in File
}

// file is waivers.yaml as it is written; schemas/waivers.schema.json is generated from it.
type file struct {
	Waivers []entry `json:"waivers" jsonschema_description:"Findings that are accepted for a time. An empty list accepts none."`
}

type entry struct {
	Rule     string `json:"rule" jsonschema:"minLength=1" jsonschema_description:"Id of the rule, as fleet check prints it after the gate, for example S3_ACCESS_LOGGED."`
	Product  string `json:"product" jsonschema:"pattern=^[a-z][a-z0-9]*(-[a-z0-9]+)*(/stack-sets/[A-Za-z0-9-]+)?$" jsonschema_description:"Id of the product: the name of its folder; for a template of one of its stack sets with /stack-sets/ and its name."`
	Resource string `json:"resource" jsonschema:"minLength=1" jsonschema_description:"Logical id of the resource, or what the finding calls its subject."`
	Reason   string `json:"reason" jsonschema:"minLength=20" jsonschema_description:"Why this is acceptable here, in a sentence that a reviewer understands: at least 20 characters."`
	Owner    string `json:"owner" jsonschema:"minLength=3" jsonschema_description:"Who answers for it: a mail address or the name of a team."`
	Expires  string `json:"expires" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$" jsonschema_description:"Last day on which it holds, quoted: \"2027-06-30\". At most a year ahead."`
}

var productID = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*(/stack-sets/[A-Za-z0-9-]+)?$`)

// Parse reads waivers. Its error lists every mistake with its line; the file belongs to the platform team, so a mistake means that a
// check is broken and not that what was pushed is wrong.
func Parse(name string, body []byte) ([]Waiver, error) {
	var raw file
	var waivers []Waiver
	err := read(name, body, &raw, func(r *document.Report, d *document.Document) {
		seen := map[string]int{}
		for i, e := range raw.Waivers {
			waivers = append(waivers, e.check(r, d, i, seen))
		}
	})
	if err != nil {
		return nil, err
	}
	return waivers, nil
}

// read decodes a file of the platform team's into raw, has check report what it means, and joins every mistake in one error.
func read(name string, body []byte, raw any, check func(*document.Report, *document.Document)) error {
	d, findings := document.Parse(name, body, document.Options{})
	var mistakes []string
	for _, f := range findings {
		mistakes = append(mistakes, fmt.Sprintf("%s:%d: %s: %s", name, f.Span.Line, f.Message, f.Cure))
	}
	if d != nil {
		report := document.NewReport(d)
		document.Decode(report, raw)
		check(report, d)
		for _, p := range report.Problems() {
			mistakes = append(mistakes, fmt.Sprintf("%s:%d: %s: %s: %s", name, p.Span.Line, p.Path, p.Message, p.Cure))
		}
	}
	if len(mistakes) > 0 {
		return errors.New(strings.Join(mistakes, "\n"))
	}
	return nil
}

// check turns an entry into a waiver and reports what is wrong with it.
func (e entry) check(r *document.Report, d *document.Document, i int, seen map[string]int) Waiver {
	at := func(key string) string { return document.Pointer("waivers", fmt.Sprint(i), key) }
	w := Waiver{Rule: e.Rule, Product: e.Product, Resource: e.Resource, Reason: strings.TrimSpace(e.Reason), Owner: e.Owner,
		Line: d.Lines.At(document.Pointer("waivers", fmt.Sprint(i))).Line}
	if e.Product != "" && !productID.MatchString(e.Product) {
		r.Add(at("product"), fmt.Sprintf("want one product's id, got %q", e.Product), "name the product's folder; a waiver never covers several")
	}
	if strings.ContainsAny(e.Rule+e.Resource, "*?") {
		r.Add(at("resource"), "a waiver covers one rule and one resource, without wildcards", "write one waiver for each")
	}
	if n := len([]rune(w.Reason)); e.Reason != "" && n < 20 {
		r.Add(at("reason"), fmt.Sprintf("want a sentence of at least 20 characters, got %d", n), "say why this is acceptable here")
	}
	if day, err := time.Parse(time.DateOnly, e.Expires); err == nil {
		w.Expires = day.AddDate(0, 0, 1)
	} else if e.Expires != "" {
		r.Add(at("expires"), fmt.Sprintf("want a day, got %q", e.Expires), `write it as "2027-06-30"`)
	}
	key := e.Rule + "\x00" + e.Product + "\x00" + e.Resource
	if line, twice := seen[key]; twice && e.Rule != "" {
		r.Add(document.Pointer("waivers", fmt.Sprint(i)), fmt.Sprintf("line %d waives the same", line), "keep one of the two")
	}
	seen[key] = w.Line
	return w
}

// Apply turns findings that a waiver covers into notes, and adds findings about the waivers themselves: an error for each that expired,
// or reaches further ahead than Longest, and a warning for each that waived nothing although judged says that its rule was evaluated on
// its product. A warning, because an engineer who mends what was waived must not be stopped by a file that is not his.
func Apply(waivers []Waiver, findings []finding.Finding, now time.Time, judged func(Waiver) bool) []finding.Finding {
	applied := append([]finding.Finding(nil), findings...)
	for _, w := range waivers {
		used := 0
		for i := range applied {
			if f := &applied[i]; w.covers(*f) {
				used++
				if w.holds(now) {
					f.Severity = finding.Note
					f.Message = fmt.Sprintf("waived until %s by %s (%s): %s", w.last(), w.Owner, w.Reason, f.Message)
				}
			}
		}
		switch {
		case !now.Before(w.Expires):
			applied = append(applied, w.finding("WAIVER_EXPIRED", finding.Error, fmt.Sprintf("the waiver of rule %s expired on %s", w.Rule, w.last()),
				"mend the product and remove the waiver; its owner is "+w.Owner))
		case w.Expires.Sub(now) > Longest:
			applied = append(applied, w.finding("WAIVER_TOO_LONG", finding.Error, fmt.Sprintf("the waiver of rule %s holds until %s, more than a year ahead", w.Rule, w.last()),
				"shorten it, or change the rule for everyone"))
		case used == 0 && judged(w):
			applied = append(applied, w.finding("WAIVER_UNUSED", finding.Warning, fmt.Sprintf("the waiver of rule %s covers nothing", w.Rule),
				"remove it from "+File))
		}
	}
	return applied
}

// waivable are the gates whose rules may be waived. Secrets have a baseline of their own; scenarios and manifests are the product's.
var waivable = map[string]bool{"policy": true, "schema": true, "iam": true}

func (w Waiver) covers(f finding.Finding) bool {
	return waivable[f.Gate] && f.Rule == w.Rule && f.Product == w.Product && f.Resource == w.Resource
}

func (w Waiver) holds(now time.Time) bool {
	return now.Before(w.Expires) && w.Expires.Sub(now) <= Longest
}

// last is the last day on which the waiver holds.
func (w Waiver) last() string { return w.Expires.AddDate(0, 0, -1).Format(time.DateOnly) }

func (w Waiver) finding(rule string, severity finding.Severity, message, cure string) finding.Finding {
	f := finding.Finding{
		Gate: gate, Rule: rule, Severity: severity, Product: w.Product, Resource: w.Resource, File: File, Span: finding.Span{Line: w.Line},
		Message: message, Cure: cure,
	}
	f.Fingerprint = finding.Identify(f)
	return f
}
