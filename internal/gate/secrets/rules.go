package secrets

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/logging"

	_ "embed"
)

// gitleaksVersion is the module's, in go.mod; a test compares them.
const gitleaksVersion = "8.30.1"

// houseRules extend gitleaks' own: what it does not know, and what is none.
//
//go:embed gitleaks.toml
var houseRules string

// rules are gitleaks, all of it and one for each rule.
type rules struct {
	config   config.Config
	all      *detect.Detector // every rule, which looks into what is encoded too
	single   []*detect.Detector
	always   []int     // rules of single that have no words
	words    *keywords // of the others
	spanning []spanningRule
}

// spanningRule is a rule that may span many lines, in a text that holds all of its words.
type spanningRule struct {
	words    []string
	ids      []string
	detector *detect.Detector
}

// spanning are the rules that can reach over many lines: a curl command, a Kubernetes secret, a private key, a token in lines, a parameter
// with a default. A test derives from the rules that there are no others.
func spanning() []spanningRule {
	return []spanningRule{
		{words: []string{"curl"}, ids: []string{"curl-auth-header", "curl-auth-user"}},
		{words: []string{"kind:", "secret", "data:"}, ids: []string{"kubernetes-secret-yaml"}},
		{words: []string{"-----begin", "private"}, ids: []string{"private-key"}},
		{words: []string{"zxlk"}, ids: []string{"jwt-base64"}},
		{words: []string{"passw", "default"}, ids: []string{"password-as-default"}},
	}
}

// loadRules makes gitleaks, once, with its own rules and those of this program. Nothing in a repository can change them: no
// configuration, no ignore file, no comment and no path lets a text pass, and rules for some names look into every file.
var loadRules = sync.OnceValues(func() (*rules, error) {
	logging.Logger = logging.Logger.Level(zerolog.Disabled)
	all, err := parseRules(config.DefaultConfig)
	if err != nil {
		return nil, err
	}
	house, err := parseRules(houseRules)
	if err != nil {
		return nil, err
	}
	for id, rule := range house.Rules {
		all.Rules[id] = rule
	}
	for word := range house.Keywords {
		all.Keywords[word] = struct{}{}
	}
	all.Allowlists = append(all.Allowlists, house.Allowlists...)
	for id, like := range judgedLike {
		rule := all.Rules[id]
		rule.Allowlists = append(rule.Allowlists, house.Rules[like].Allowlists...)
		all.Rules[id] = rule
	}
	for id, rule := range all.Rules {
		if rule.Regex != nil {
			rule.Path = nil
		}
		all.Rules[id] = rule
	}
	return arrange(all), nil
})

// genericRule says least of what it finds.
const genericRule = "generic-api-key"

// judgedLike are rules of gitleaks that go by names, as a house rule does: what is no secret for one is none for the other.
var judgedLike = map[string]string{genericRule: "assigned-secret", "hashicorp-tf-password": "password-literal"}

// arrange makes a detector for each rule.
func arrange(all config.Config) *rules {
	r := &rules{config: all, all: detector(all, slices.Collect(func(yield func(string) bool) {
		for id := range all.Rules {
			if !yield(id) {
				return
			}
		}
	})...), spanning: spanning()}
	r.all.MaxDecodeDepth = 2
	byWhole := map[string]bool{}
	for i, s := range r.spanning {
		r.spanning[i].detector = detector(all, s.ids...)
		for _, id := range s.ids {
			byWhole[id] = true
		}
	}
	words := map[string][]int{}
	for id, rule := range all.Rules {
		if rule.Regex == nil || byWhole[id] {
			continue
		}
		n := len(r.single)
		r.single = append(r.single, detector(all, id))
		if len(rule.Keywords) == 0 {
			r.always = append(r.always, n)
		}
		for _, word := range rule.Keywords {
			word = strings.ToLower(word)
			words[word] = append(words[word], n)
		}
	}
	r.words = newKeywords(words)
	return r
}

// detector is gitleaks with some of the rules.
func detector(all config.Config, ids ...string) *detect.Detector {
	some := config.Config{Rules: map[string]config.Rule{}, Keywords: map[string]struct{}{}, Allowlists: all.Allowlists}
	for _, id := range ids {
		some.Rules[id] = all.Rules[id]
		for _, word := range all.Rules[id].Keywords {
			some.Keywords[strings.ToLower(word)] = struct{}{}
		}
	}
	d := detect.NewDetector(some)
	d.IgnoreGitleaksAllow = true
	return d
}

// spanningOf are the detectors that must see a text whole.
func (r *rules) spanningOf(text string) (some []*detect.Detector) {
	if text == "" {
		return nil
	}
	lower := strings.ToLower(text)
	for _, s := range r.spanning {
		if !slices.ContainsFunc(s.words, func(word string) bool { return !strings.Contains(lower, word) }) {
			some = append(some, s.detector)
		}
	}
	return some
}

// parseRules reads a configuration of gitleaks. Its own way to extend one by another works once in a process only.
func parseRules(text string) (config.Config, error) {
	reader := viper.New()
	reader.SetConfigType("toml")
	var raw config.ViperConfig
	var rules config.Config
	err := reader.ReadConfig(strings.NewReader(text))
	if err == nil {
		err = reader.Unmarshal(&raw)
	}
	if err == nil {
		rules, err = raw.Translate()
	}
	if err != nil {
		return rules, fmt.Errorf("gitleaks: rules: %w: the fleet program was built wrongly", err)
	}
	return rules, nil
}
