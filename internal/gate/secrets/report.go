package secrets

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	"accountfleet/internal/finding"
)

// report makes findings of hits: one for each secret and path, which says in how many objects it is.
func report(ctx context.Context, r *repository, hits []hit, key []byte) ([]finding.Finding, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	origins, err := r.origins(ctx, hits)
	if err != nil {
		return nil, err
	}
	type place struct{ rule, print, path string }
	at := map[place]int{}
	more := map[int]map[string]bool{}
	var findings []finding.Finding
	for _, h := range hits {
		f := translate(h, origins[h.piece.object.id], key)
		k := place{f.Rule, f.Fingerprint, f.File}
		if i, ok := at[k]; ok {
			more[i][h.piece.object.id] = true
			continue
		}
		at[k] = len(findings)
		more[len(findings)] = map[string]bool{h.piece.object.id: true}
		findings = append(findings, f)
	}
	for i := range findings {
		if n := len(more[i]); n > 1 {
			findings[i].Message += fmt.Sprintf(", and in %d other objects", n-1)
		}
		findings[i].File, findings[i].Message = redact(findings[i].File, hits), redact(findings[i].Message, hits)
	}
	return findings, nil
}

// redact hides every secret that was found in a text, since a path may hold one, or the name of a packed file; and what a terminal would
// take for a command.
func redact(text string, hits []hit) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
	for _, h := range hits {
		for _, line := range strings.Split(h.value, "\n") {
			if len(line) >= 8 {
				text = strings.ReplaceAll(text, line, "[secret]")
			}
		}
	}
	return text
}

// origin is where a blob came into the history.
type origin struct{ commit, path string }

// origins finds the first commit that brought each object that is in question, in one walk over the history.
func (r *repository) origins(ctx context.Context, hits []hit) (map[string]origin, error) {
	wanted := map[string]bool{}
	for _, h := range hits {
		if h.piece.object.kind == "blob" {
			wanted[h.piece.object.id] = true
		}
	}
	found := map[string]origin{}
	if len(wanted) == 0 {
		return found, nil
	}
	args := []string{"log", "--reverse", "-m", "--raw", "--no-abbrev", "--no-renames", "--no-color", "--no-ext-diff", "--format=%x01%H"}
	if len(r.tips) > 0 {
		args = append(args, "--stdin")
	} else {
		args = append(args, "--all")
	}
	log, err := r.git(ctx, []byte(strings.Join(r.tips, "\n")), args...)
	if err != nil {
		return nil, err
	}
	commit := ""
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		line := lines.Text()
		if id, ok := strings.CutPrefix(line, "\x01"); ok {
			commit = id
			continue
		}
		words := strings.Fields(line)
		_, path, ok := strings.Cut(line, "\t")
		if ok && len(words) > 4 && wanted[words[3]] && found[words[3]].commit == "" {
			found[words[3]] = origin{commit, path}
		}
	}
	return found, lines.Err()
}

const cureSecret = "revoke it where it was issued first: it must be taken as known; then fleet cleanse run takes it out of every commit, after which everybody clones anew"

func translate(h hit, from origin, key []byte) finding.Finding {
	o := h.piece.object
	f := finding.Finding{
		Gate: gate, Rule: h.pattern, Severity: finding.Error, File: o.path, Object: o.id,
		Span: finding.Span{Line: h.line, Column: h.column}, Cure: cureSecret,
	}
	if from.path != "" {
		f.File = from.path
	}
	where := ""
	switch o.kind {
	case "blob":
		where = "in the index"
		if from.commit != "" {
			where = "since commit " + short(from.commit)
		}
	case "message":
		where, f.File = "in the message", ""
	case "file":
		where = "in a file that is not committed yet"
		f.Cure = "revoke it if anybody else has seen it; remove it from the file and pass it by Secrets Manager or a NoEcho parameter"
	case "tree":
		where, f.Span = "in the name of a file", finding.Span{}
	case "name":
		where, f.Span = "in the name of a file that is not committed yet", finding.Span{}
	case "ref":
		where, f.Span = "in the name of a branch or tag", finding.Span{}
	default:
		where = "in the message or the fields of " + o.kind + " " + short(o.id)
		f.File = ""
	}
	if o.lost {
		where = "in " + o.kind + " " + short(o.id) + ", to which no branch or tag leads"
		f.File, f.Severity = "", finding.Warning
		f.Cure = "a push does not send it: git reflog expire --expire-unreachable=now --all && git gc --prune=now removes it; revoke it if anybody else has seen it"
	}
	if h.piece.member != "" {
		where += ", packed in it as " + h.piece.member
	}
	if h.problem != "" {
		f.Rule, f.Message = "UNREADABLE", h.problem+", so it cannot be searched for secrets ("+where+")"
		f.Cure, f.Span = "do not commit it: keep packages and large files in a bucket", finding.Span{}
		f.Fingerprint = finding.Identify(finding.Finding{Gate: gate, Rule: f.Rule, File: f.File, Resource: o.id})
		return f
	}
	f.Message = h.title + " " + where
	f.Fingerprint = fingerprint(key, h.value)
	return f
}

// fingerprint recognises a secret without telling it: whoever lacks the key cannot try values.
func fingerprint(key []byte, value string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil))
}

func short(id string) string { return id[:min(10, len(id))] }
