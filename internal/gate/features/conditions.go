package features

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"accountfleet/internal/gate/resolve"
)

// comparison is a condition operator without its prefix and suffix: whether a value of the request matches one of the policy.
type comparison struct {
	negated bool
	matches func(r request, value, wanted string) (bool, error)
}

// comparisons are the operators that can be evaluated here. Dates and binary data are not among them; a policy that uses them fails its
// feature. Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
var comparisons = map[string]comparison{
	"StringEquals":              {matches: text(literally)},
	"StringNotEquals":           {matches: text(literally), negated: true},
	"StringEqualsIgnoreCase":    {matches: text(foldedCase)},
	"StringNotEqualsIgnoreCase": {matches: text(foldedCase), negated: true},
	"StringLike":                {matches: text(wildcards)},
	"StringNotLike":             {matches: text(wildcards), negated: true},
	"ArnEquals":                 {matches: sameARN},
	"ArnLike":                   {matches: sameARN},
	"ArnNotEquals":              {matches: sameARN, negated: true},
	"ArnNotLike":                {matches: sameARN, negated: true},
	"Bool":                      {matches: text(foldedCase)},
	"IpAddress":                 {matches: within},
	"NotIpAddress":              {matches: within, negated: true},
	"NumericEquals":             {matches: numbers(func(a, b float64) bool { return a == b })},
	"NumericNotEquals":          {matches: numbers(func(a, b float64) bool { return a == b }), negated: true},
	"NumericLessThan":           {matches: numbers(func(a, b float64) bool { return a < b })},
	"NumericLessThanEquals":     {matches: numbers(func(a, b float64) bool { return a <= b })},
	"NumericGreaterThan":        {matches: numbers(func(a, b float64) bool { return a > b })},
	"NumericGreaterThanEquals":  {matches: numbers(func(a, b float64) bool { return a >= b })},
}

const (
	everyValue = "ForAllValues:"
	someValue  = "ForAnyValue:"
	ifExists   = "IfExists"
)

// condition says whether one key of one operator holds for the request.
func (r request) condition(operator, key string, wanted any) (bool, error) {
	values, err := r.value(key)
	if err != nil {
		return false, err
	}
	texts := make([]string, 0, 1)
	for _, item := range resolve.List(wanted) {
		written, known := resolve.Text(item)
		if !known {
			return false, fmt.Errorf("%s is %s", key, show(item))
		}
		texts = append(texts, written)
	}
	if operator == "Null" {
		if len(texts) != 1 || texts[0] != "true" && texts[0] != "false" {
			return false, fmt.Errorf("%s: want true or false", key)
		}
		return (texts[0] == "true") == (len(values) == 0), nil
	}
	name, every := strings.CutPrefix(operator, everyValue)
	name, some := strings.CutPrefix(name, someValue)
	name, optional := strings.CutSuffix(name, ifExists)
	c, known := comparisons[name]
	switch {
	case !known:
		return false, fmt.Errorf("operator %s cannot be evaluated here", operator)
	case len(values) == 0:
		// A key that the request does not carry: set operators decide first, then IfExists, and what is negated holds.
		return !some && (every || optional || c.negated), nil
	case len(values) > 1 && !every && !some:
		return false, fmt.Errorf("%s has several values, and the operator neither %s nor %s", key, everyValue, someValue)
	}
	for _, value := range values {
		one, err := c.one(r, value, texts)
		if err != nil {
			return false, fmt.Errorf("%s: %w", key, err)
		}
		if one != every { // the first value that decides
			return one, nil
		}
	}
	return every, nil
}

// one says whether the operator holds for one value of the request.
func (c comparison) one(r request, value string, wanted []string) (bool, error) {
	found := false
	for _, want := range wanted {
		matches, err := c.matches(r, value, want)
		if err != nil {
			return false, err
		}
		found = found || matches
	}
	return found != c.negated, nil
}

func text(f form) func(request, string, string) (bool, error) {
	return func(r request, value, wanted string) (bool, error) {
		expression, known, err := r.pattern(wanted, f)
		return known && err == nil && expression.MatchString(value), err
	}
}

// sameARN compares part by part: a * does not reach across the first five colons.
func sameARN(r request, value, wanted string) (bool, error) {
	values, patterns := strings.SplitN(value, ":", 6), strings.SplitN(wanted, ":", 6)
	if len(patterns) != 6 {
		return false, fmt.Errorf("%q is no ARN", wanted)
	}
	if len(values) != 6 {
		return false, nil
	}
	for i := range patterns {
		if matches, err := text(wildcards)(r, values[i], patterns[i]); err != nil || !matches {
			return false, err
		}
	}
	return true, nil
}

func within(_ request, value, wanted string) (bool, error) {
	address, err := netip.ParseAddr(value)
	if err != nil {
		return false, fmt.Errorf("%q is no IP address", value)
	}
	if !strings.Contains(wanted, "/") {
		return address.String() == wanted, nil
	}
	block, err := netip.ParsePrefix(wanted)
	if err != nil {
		return false, fmt.Errorf("%q is no block of IP addresses", wanted)
	}
	return block.Contains(address), nil
}

func numbers(compare func(a, b float64) bool) func(request, string, string) (bool, error) {
	return func(_ request, value, wanted string) (bool, error) {
		a, errValue := strconv.ParseFloat(value, 64)
		b, errWanted := strconv.ParseFloat(wanted, 64)
		if errValue != nil || errWanted != nil {
			return false, fmt.Errorf("%q and %q cannot be compared as numbers", value, wanted)
		}
		return compare(a, b), nil
	}
}
