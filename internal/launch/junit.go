package launch

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"

	"accountfleet/internal/evidence"
)

// JUnit's shape, as CodeBuild report groups read it.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Time    float64  `xml:"time,attr"`
		Failure *message `xml:"failure,omitempty"`
		Error   *message `xml:"error,omitempty"`
		Skipped *message `xml:"skipped,omitempty"`
	}
	message struct {
		Text string `xml:"message,attr"`
	}
)

// WriteJUnit renders evidence as JUnit: one suite a product, one case a step, and what was not run as skipped.
func WriteJUnit(path string, e evidence.Evidence) error {
	var all junitSuites
	for _, product := range e.Products {
		suite := junitSuite{Name: e.Action + " " + product.ID}
		for _, step := range product.Steps {
			c := junitCase{Class: product.ID, Name: step.Name, Time: step.Seconds}
			switch step.Outcome {
			case evidence.Findings:
				suite.Failures++
				c.Failure = &message{Text: step.Detail}
			case evidence.Broken:
				suite.Errors++
				c.Error = &message{Text: step.Detail}
			}
			suite.Cases = append(suite.Cases, c)
		}
		suite.Tests = len(suite.Cases)
		all.Suites = append(all.Suites, suite)
	}
	if len(e.NotRun) > 0 {
		suite := junitSuite{Name: e.Action + " not run", Tests: len(e.NotRun), Skipped: len(e.NotRun)}
		for _, skipped := range e.NotRun {
			suite.Cases = append(suite.Cases, junitCase{Class: "not run", Name: skipped.What, Skipped: &message{Text: skipped.Why}})
		}
		all.Suites = append(all.Suites, suite)
	}
	body, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.WriteFile(path, append([]byte(xml.Header), append(body, '\n')...), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
