package secrets

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// pattern is one kind of secret.
type pattern struct {
	rule  string
	title string         // what it is, for a message
	text  string         // extended regular expression, understood alike by grep -E and by Go
	value *regexp.Regexp // the secret itself inside a match; nil: the whole match
	plant func() string  // a line with a secret made up for this run
}

const (
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	digits  = "0123456789"
	alnum   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	keyWord = `("|')?(AWS|aws|Aws)?_?(SECRET|secret|Secret)?_?(ACCESS|access|Access)?_?(KEY|key|Key)("|')?\s*(:|=>|=)\s*("|')?`
)

// house is what is looked for: git secrets --register-aws without its pattern for account ids, which a fleet's own files are full of,
// and the tokens of other services that people paste into repositories. No pattern starts with a dash: grep would read an option.
func house() []pattern {
	return []pattern{
		{"AWS_ACCESS_KEY", "an AWS access key id", `(A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA)[A-Z0-9]{16}`, nil,
			func() string { return "id = AKIA" + random(upper, 16) }},
		{"AWS_SECRET_KEY", "an AWS secret access key", keyWord + `[A-Za-z0-9/\+=]{40}("|')?`, regexp.MustCompile(`[A-Za-z0-9/+=]{40}`),
			func() string { return "aws_secret_access_key = " + random(alnum, 40) }},
		{"PRIVATE_KEY", "a private key", `[-]{5}BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?`, nil,
			func() string { return "-----BEGIN RSA " + "PRIVATE KEY-----" }},
		{"GITHUB_TOKEN", "a GitHub token", `(gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})`, nil,
			func() string { return "token: ghp_" + random(alnum, 36) }},
		{"GITLAB_TOKEN", "a GitLab token", `glpat-[A-Za-z0-9_-]{20,}`, nil,
			func() string { return "token: glpat-" + random(alnum, 20) }},
		{"SLACK_TOKEN", "a Slack token", `xox[abeprs]-[A-Za-z0-9-]{20,}`, nil,
			func() string { return "token: xoxb-" + random(alnum, 24) }},
		{"SLACK_WEBHOOK", "a Slack webhook", `hooks[.]slack[.]com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}`, nil,
			func() string {
				return "url: https://hooks.slack.com/services/T" + random(upper, 8) + "/B" + random(upper, 8) + "/" + random(alnum, 24)
			}},
		{"STRIPE_KEY", "a Stripe key", `(sk|rk)_live_[A-Za-z0-9]{20,}`, nil,
			func() string { return "key: sk_live_" + random(alnum, 24) }},
		{"GOOGLE_KEY", "a Google API key", `AIza[A-Za-z0-9_-]{35}`, nil,
			func() string { return "key: AIza" + random(alnum, 35) }},
		{"NPM_TOKEN", "an npm token", `npm_[A-Za-z0-9]{36}`, nil,
			func() string { return "token: npm_" + random(alnum, 36) }},
		{"PYPI_TOKEN", "a PyPI token", `pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}`, nil,
			func() string { return "token: pypi-AgEIcHlwaS5vcmc" + random(alnum, 60) }},
		{"ANTHROPIC_KEY", "an Anthropic API key", `sk-ant-[A-Za-z0-9_-]{32,}`, nil,
			func() string { return "key: sk-ant-" + random(alnum, 40) }},
	}
}

// documented are the secrets of AWS's documentation, which git secrets --register-aws allows too. They are compared with the value found,
// not with its line, so that a real key beside one is still found.
var documented = []string{"AKIA" + "IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"}

// harmless says that a value is documented, an identifier (AWS's ids of users, roles, groups, policies and certificates are no
// credentials, although git secrets --register-aws takes them for some), or a filler in which a few characters repeat.
func harmless(rule, value string) bool {
	if slices.Contains(documented, value) {
		return true
	}
	switch rule {
	case "AWS_ACCESS_KEY":
		return strings.Contains(value, "EXAMPLE") || !strings.HasPrefix(value, "AKIA") && !strings.HasPrefix(value, "ASIA") && !strings.HasPrefix(value, "A3T")
	case "AWS_SECRET_KEY":
		return strings.HasSuffix(value, "EXAMPLEKEY") || filler(value)
	case "PRIVATE_KEY":
		return false
	}
	return filler(value)
}

// filler says whether the end of a value is made of fewer than four different characters.
func filler(value string) bool {
	different := map[rune]bool{}
	for _, r := range value[max(0, len(value)-20):] {
		different[r] = true
	}
	return len(different) < 4
}

// random makes up n characters of an alphabet, as mixed as those of real secrets: gitleaks takes others for words.
func random(alphabet string, n int) string {
	for {
		text := draw(alphabet, n)
		different := map[rune]bool{}
		for _, r := range text {
			different[r] = true
		}
		word := strings.ToLower(text)
		if 3*len(different) >= 2*min(n, len(alphabet)) && !strings.Contains(word, "false") && !strings.HasSuffix(word, "null") {
			return text
		}
	}
}

func draw(alphabet string, n int) string {
	var b strings.Builder
	for range n {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			panic(fmt.Sprintf("no randomness: %v", err)) // crypto/rand never fails on a supported system
		}
		b.WriteByte(alphabet[i.Int64()])
	}
	return b.String()
}

// Rules are the ids of all kinds of secrets, those of gitleaks' rules too.
func Rules() []string {
	var ids []string
	for _, p := range house() {
		ids = append(ids, p.rule)
	}
	if r, err := loadRules(); err == nil {
		for id := range r.config.Rules {
			ids = append(ids, ruleOf(id))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Explain says what kind of secret a rule finds, and what to do about one; both are empty where there is no such rule.
func Explain(rule string) (title, cure string) {
	for _, p := range house() {
		if p.rule == rule {
			return p.title, cureSecret
		}
	}
	if r, err := loadRules(); err == nil {
		for id, one := range r.config.Rules {
			if ruleOf(id) == rule {
				return titled(strings.TrimSuffix(one.Description, ".")), cureSecret
			}
		}
	}
	return "", ""
}
