package unattended

import (
	"context"
	"slices"
	"strings"
	"time"

	"accountfleet/internal/cleanse"
	"accountfleet/internal/config"
)

// stillActive begins what is told of a key that nobody but people can deactivate.
const stillActive = "could not be deactivated: "

// lenient deactivates keys and goes on where one cannot be: it may be of an account that the fleet has no role in, and a purge that waits
// for it would leave everything else that leaked where it is. Whose words are told holds no id, whatever AWS quotes.
type lenient struct {
	cleanse.Keys
	patience time.Duration // for one key
}

// keyPatience is longer than STS and IAM take to answer, also where the SDK tries again.
const keyPatience = 2 * time.Minute

// Deactivate never fails, and does not wait for an answer that does not come.
func (l lenient) Deactivate(ctx context.Context, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	done, err := l.Keys.Deactivate(ctx, id)
	if err != nil {
		done = stillActive + err.Error()
	}
	return strings.ReplaceAll(done, id, "(the key)"), nil
}

// keys says what became of each access key: of those first that somebody must deactivate.
func (p *page) keys(rotated []string) {
	if len(rotated) == 0 {
		return
	}
	active := func(line string) bool { return strings.Contains(line, ": "+stillActive) }
	inactive := slices.DeleteFunc(slices.Clone(rotated), active)
	all := append(slices.DeleteFunc(slices.Clone(rotated), func(line string) bool { return !active(line) }), inactive...)
	p.head("ACCESS KEYS among them, by fingerprint:")
	list(p, all, func(line string) string { return line })
	if len(inactive) > 0 {
		p.line("  one that was no leak, an administrator of its account activates again; list-access-keys --user-name USER names the ID:")
		p.line("  aws iam update-access-key --user-name USER --access-key-id ID --status Active")
	}
}

// earlierKeys says where it is told what became of the access keys of a run that another build carried out.
func (p *page) earlierKeys(s *config.Settings) {
	if s.LeakedAccessKeys == config.DeactivateKeys {
		p.head("ACCESS KEYS among them: the log of the build that purged them says which were deactivated, and who must deactivate the others")
	}
}
