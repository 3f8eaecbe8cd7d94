package secrets

import (
	"context"
	"strings"
	"testing"

	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/sources"
)

// texts are files as they are met, without secrets.
func texts() (all []string, size int) {
	for _, s := range lookalikeSpecimens(newMaker(1)) {
		text := strings.Repeat("  Description: nothing to see in this line of a template\n", 20) + s.text
		all, size = append(all, text), size+len(text)
	}
	return all, size
}

// BenchmarkNarrow looks at texts as the gate does; compare with BenchmarkGitleaks.
func BenchmarkNarrow(b *testing.B) {
	all, size := texts()
	rules, err := loadRules()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		l := &leaks{rules: rules}
		for _, text := range all {
			l.look(context.Background(), job{whole: text, text: text})
		}
	}
}

// BenchmarkGitleaks has gitleaks look at the same texts by all rules.
func BenchmarkGitleaks(b *testing.B) {
	all, size := texts()
	rules, err := loadRules()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, text := range all {
			//lint:ignore SA1019 as in leaks.go
			rules.all.Detect(detect.Fragment(sources.Fragment{Raw: text}))
		}
	}
}
