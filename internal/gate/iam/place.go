package iam

import (
	"slices"
	"strconv"
	"strings"

	"accountfleet/internal/document"
)

// place is the pointer to what a finding is about: the first value below the policy, as the author wrote it, that holds needle, else
// the statement of that number, else the policy. Because Fn::If and AWS::NoValue shift lists, the statement is looked for first.
func (p policy) place(statement int, needle string) string {
	words, value := p.written()
	if statement >= 0 {
		candidate := append(slices.Clone(words), "Statement", strconv.Itoa(statement))
		if inner, ok := lookup(value, "Statement", strconv.Itoa(statement)); ok {
			if found, ok := holding(inner, candidate, needle); ok {
				return document.Pointer(found...)
			}
			if found, ok := holding(value, words, needle); ok {
				return document.Pointer(found...)
			}
			return document.Pointer(candidate...)
		}
	}
	if found, ok := holding(value, words, needle); ok {
		return document.Pointer(found...)
	}
	return document.Pointer(words...)
}

// written is the value of the template that the policy came from, or the nearest that holds it, and the path to it.
func (p policy) written() ([]string, any) {
	var value any = p.product.Template.Doc
	for i, word := range p.words {
		inner, ok := lookup(value, word)
		if !ok {
			return slices.Clone(p.words[:i]), value
		}
		value = inner
	}
	return slices.Clone(p.words), value
}

// writesEmpty says whether the author wrote an empty text into the policy.
func (p policy) writesEmpty() bool {
	words, value := p.written()
	_, found := search(value, words, func(text string) bool { return text == "" })
	return found
}

func lookup(value any, words ...string) (any, bool) {
	for _, word := range words {
		switch v := value.(type) {
		case map[string]any:
			inner, ok := v[word]
			if !ok {
				return nil, false
			}
			value = inner
		case []any:
			n, err := strconv.Atoi(word)
			if err != nil || n < 0 || n >= len(v) {
				return nil, false
			}
			value = v[n]
		default:
			return nil, false
		}
	}
	return value, true
}

// holding finds the first text or key that is needle, else the first that holds it.
func holding(value any, words []string, needle string) ([]string, bool) {
	if needle == "" {
		return nil, false
	}
	for _, fits := range []func(string) bool{
		func(text string) bool { return strings.EqualFold(text, needle) },
		func(text string) bool { return strings.Contains(text, needle) },
	} {
		if found, ok := search(value, words, fits); ok {
			return found, true
		}
	}
	return nil, false
}

func search(value any, words []string, fits func(string) bool) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return words, fits(v)
	case map[string]any:
		for _, key := range sorted(v) {
			inner := append(slices.Clone(words), key)
			if fits(key) {
				return inner, true
			}
			if found, ok := search(v[key], inner, fits); ok {
				return found, true
			}
		}
	case []any:
		for i, item := range v {
			if found, ok := search(item, append(slices.Clone(words), strconv.Itoa(i)), fits); ok {
				return found, true
			}
		}
	}
	return nil, false
}
