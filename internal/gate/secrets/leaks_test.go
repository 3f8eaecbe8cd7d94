package secrets

import (
	"context"
	"maps"
	"os"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zricethezav/gitleaks/v8/config"
)

func TestGitleaksIsTheVersionThatIsReported(t *testing.T) {
	module, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(module), "github.com/zricethezav/gitleaks/v8 v"+gitleaksVersion+"\n")
}

// secretsOf are texts with one secret each, which git-secrets' patterns do not know.
func secretsOf() map[string]string {
	return map[string]string{
		"DIGITALOCEAN_PAT":      "token: dop_v1_" + random("0123456789abcdef", 64),
		"SENDGRID_API_TOKEN":    "key: SG." + random(alnum, 66),
		"HASHICORP_TF_PASSWORD": "administrator_login_password = \"" + wordless(9) + "\"",
		"GENERIC_API_KEY":       "credential = \"" + wordless(20) + "\"",
	}
}

func TestGitleaksFindsWhatGitSecretsDoesNot(t *testing.T) {
	for rule, text := range secretsOf() {
		t.Run(rule, func(t *testing.T) {
			r := newRepo(t)
			r.commit("x", map[string]string{"a.txt": "one\ntwo\n" + text + "\n"})
			findings, err := r.run()
			require.NoError(t, err)
			require.Len(t, findings, 1)
			assert.Equal(t, rule, findings[0].Rule)
			assert.Equal(t, 3, findings[0].Span.Line)
			assert.Equal(t, "a.txt", findings[0].File)
		})
	}
}

func TestNothingInARepositorySwitchesGitleaksOff(t *testing.T) {
	secret := "token: dop_v1_" + random("0123456789abcdef", 64)
	for name, files := range map[string]map[string]string{
		"a comment":         {"a.txt": secret + " # gitleaks:allow\n"},
		"a configuration":   {"a.txt": secret, ".gitleaks.toml": "[allowlist]\nregexes = ['.*']\n"},
		"an ignore file":    {"a.txt": secret, ".gitleaksignore": "a.txt:digitalocean-pat:1\n"},
		"a lock file":       {"package-lock.json": secret},
		"an image":          {"a.png": secret},
		"a vendored file":   {"vendor/modules.txt": secret},
		"gitleaks' own":     {"gitleaks.toml": secret},
		"a dependency":      {"node_modules/a/index.js": secret},
		"a go.sum":          {"go.sum": secret},
		"the other's notes": {".gitallowed": ".*\n", "a.txt": secret},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit("x", files)
			findings, err := r.run()
			require.NoError(t, err)
			require.Len(t, findings, 1)
			assert.Equal(t, "DIGITALOCEAN_PAT", findings[0].Rule)
		})
	}
}

func TestAKeyContainerIsFoundByItsName(t *testing.T) {
	r := newRepo(t)
	r.commit("x", map[string]string{"node_modules/client.P12": "\x30\x82 not text"})
	findings, err := r.run()
	require.NoError(t, err)
	require.Len(t, findings, 1)
	assert.Equal(t, "PKCS12_FILE", findings[0].Rule)
	assert.Equal(t, "node_modules", findings[0].File)
	assert.Contains(t, findings[0].Message, "in the name of a file")
}

func TestLockFilesHoldNoSecretsButMayHideNone(t *testing.T) {
	r := newRepo(t)
	hash := random(alnum, 43) + "="
	r.commit("locks", map[string]string{
		"go.sum":            "github.com/keyring/api-key v1.2.3 h1:" + hash + "\ngithub.com/keyring/api-key v1.2.3/go.mod h1:" + hash + "\n",
		"package-lock.json": "      \"integrity\": \"sha512-" + random(alnum, 86) + "==\",\n",
		"requirements.txt":  "api-key==1.0 \\\n    --hash=sha256:" + random("0123456789abcdef", 64) + "\n",
	})
	findings, err := r.run()
	require.NoError(t, err)
	require.Empty(t, findings)
	r.commit("more", map[string]string{"go.sum": "github.com/keyring/api-key v1.2.3 h1:" + hash + " api_key = " + wordless(20) + "\n"})
	findings, err = r.run()
	require.NoError(t, err)
	require.NotEmpty(t, findings)
}

func TestASecretInPiecesThatMeetLaterIsFound(t *testing.T) {
	r := newRepo(t)
	name, value := "api_key =", "  \""+wordless(20)+"\""
	r.commit("a name", map[string]string{"a.txt": name + "\n", "c.txt": "x\n"})
	r.commit("a value", map[string]string{"b.txt": "x\n" + value + "\n", "c.txt": "y\n"})
	before, err := r.run()
	require.NoError(t, err)
	require.Empty(t, before)
	r.commit("together", map[string]string{"c.txt": "y\n" + name + "\n" + value + "\n"})
	findings, err := r.run()
	require.NoError(t, err)
	require.Len(t, findings, 2, "what is known to be a secret is one alone too")
	assert.Equal(t, "c.txt", findings[0].File)
	assert.Equal(t, 3, findings[0].Span.Line, "the line of the value")
	assert.Equal(t, "b.txt", findings[1].File)
}

func TestANameAndAValueThatMeetLaterAreFound(t *testing.T) {
	name, value := "  - Name: DB_PASSWORD\n", "    Value: "+wordless(8)+"\n"
	l, err := newLeaks(context.Background())
	require.NoError(t, err)
	l.add(0, "blob", name)
	l.add(1, "blob", value)
	l.add(2, "blob", "a\n"+name+value)
	found, err := l.finish(context.Background())
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, 2, found[0].piece)
	assert.Equal(t, 3, found[0].hit.line)
	assert.Equal(t, "PASSWORD_BY_NAME_AND_VALUE", found[0].hit.pattern)
}

func TestEveryHouseRuleIsPlanted(t *testing.T) {
	house, err := parseRules(houseRules)
	require.NoError(t, err)
	var planted []string
	for _, p := range housePlants() {
		planted = append(planted, p.rule)
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(house.Rules)), planted)
}

func TestAKeyInPiecesThatMeetLaterIsFound(t *testing.T) {
	lines := []string{"-----BEGIN OPENSSH " + "PRIVATE KEY-----", random(alnum, 64), random(alnum, 64), "-----END OPENSSH " + "PRIVATE KEY-----"}
	l, err := newLeaks(context.Background())
	require.NoError(t, err)
	for i := range lines[1:] {
		l.add(0, "blob", strings.Join(lines[i:i+2], "\n")+"\n")
	}
	l.add(1, "blob", strings.Join(lines, "\n")+"\n")
	found, err := l.finish(context.Background())
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, 1, found[0].piece)
}

// reaches says whether an expression can go over a line break and other text, so that it must see texts whole. A class that stands for the
// one character beside a secret does not count.
func reaches(e *syntax.Regexp, repeated bool) bool {
	switch e.Op {
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		repeated = true
	case syntax.OpAnyChar:
		return repeated
	case syntax.OpCharClass:
		return repeated && within(e, '\n') && within(e, 'a')
	case syntax.OpConcat:
		if repeated && slices.ContainsFunc(e.Sub, func(sub *syntax.Regexp) bool { return breaks(sub) }) {
			return true
		}
	}
	return slices.ContainsFunc(e.Sub, func(sub *syntax.Regexp) bool { return reaches(sub, repeated) })
}

// breaks says whether an expression demands a line break.
func breaks(e *syntax.Regexp) bool {
	switch e.Op {
	case syntax.OpLiteral:
		return slices.Contains(e.Rune, '\n')
	case syntax.OpCharClass:
		return within(e, '\n') && !within(e, ' ') && !within(e, 'a')
	}
	return slices.ContainsFunc(e.Sub, breaks)
}

func within(e *syntax.Regexp, r rune) bool {
	for i := 0; i < len(e.Rune); i += 2 {
		if e.Rune[i] <= r && r <= e.Rune[i+1] {
			return true
		}
	}
	return false
}

// many are the rules that reach over many lines.
func many() (ids []string) {
	for _, s := range spanning() {
		ids = append(ids, s.ids...)
	}
	slices.Sort(ids)
	return ids
}

func TestEveryRuleThatSpansLinesHasItsTextsLookedAtWhole(t *testing.T) {
	rules, err := loadRules()
	require.NoError(t, err)
	var spans []string
	for id, rule := range rules.config.Rules {
		if rule.Regex == nil {
			continue
		}
		e, err := syntax.Parse(rule.Regex.String(), syntax.Perl)
		require.NoError(t, err, id)
		if reaches(e, false) {
			spans = append(spans, id)
		}
	}
	slices.Sort(spans)
	assert.Equal(t, many(), spans, "add a new one to spanning")
}

// TestOtherRulesCrossLinesAtJointsOnly holds the rules against fresh: what stands for space in them is the joint between a name and its
// value, or the end of a secret.
func TestOtherRulesCrossLinesAtJointsOnly(t *testing.T) {
	rules, err := loadRules()
	require.NoError(t, err)
	known := regexp.MustCompile(strings.Join([]string{
		regexp.QuoteMeta(`[\s'"]{0,3}`), regexp.QuoteMeta(`(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)`), regexp.QuoteMeta(`[\x60'"\s=]{0,5}`), // a joint
		regexp.QuoteMeta(`(?:[\x60'"\s;]|\\[nr]|$`), regexp.QuoteMeta(`(?:^|[\\'"\x60\s>=:(,)])`), regexp.QuoteMeta(`(?:$|[\\'"\x60\s<),])`), // an end
		regexp.QuoteMeta(`(?:\r?\n)?[ \t-]*["']?(?:parameter)?value["']?`),                                // see valued
		regexp.QuoteMeta(`["']\s*=>\s*["']`), regexp.QuoteMeta(`\"\s*value`), regexp.QuoteMeta(`\"\s*/>`), // beside a joint
	}, "|"))
	excluded := regexp.MustCompile(`\[\^[^\]]*\]`)
	for id, rule := range rules.config.Rules {
		if rule.Regex == nil || slices.Contains(many(), id) {
			continue
		}
		rest := known.ReplaceAllString(rule.Regex.String(), "")
		assert.NotContains(t, rest, `\s`, id)
		assert.NotContains(t, excluded.ReplaceAllString(rest, ""), `\n`, id)
	}
}

func TestEveryRuleOfGitleaksIsThere(t *testing.T) {
	rules, err := loadRules()
	require.NoError(t, err)
	own, err := parseRules(config.DefaultConfig)
	require.NoError(t, err)
	assert.Greater(t, len(own.Rules), 200)
	for id := range own.Rules {
		assert.Contains(t, rules.config.Rules, id)
	}
}

func TestEveryRuleIsExplained(t *testing.T) {
	assert.Subset(t, Rules(), []string{"AWS_ACCESS_KEY", "PASSWORD_LITERAL", "DIGITALOCEAN_PAT"})
	for _, rule := range Rules() {
		title, cure := Explain(rule)
		assert.NotEmpty(t, title, rule)
		assert.Contains(t, cure, "revoke it", rule)
	}
	title, _ := Explain("NO_SUCH_RULE")
	assert.Empty(t, title)
}
