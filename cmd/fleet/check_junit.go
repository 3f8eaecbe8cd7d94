package main

import (
	"encoding/xml"
	"fmt"

	"accountfleet/internal/evidence"
)

// junitSuites is the JUnit report that CodeBuild's report groups and most editors read.
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Time    string       `xml:"time,attr"`
	Failure *junitDetail `xml:"failure,omitempty"`
	Error   *junitDetail `xml:"error,omitempty"`
	Output  string       `xml:"system-out,omitempty"`
}

type junitDetail struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// junit renders one suite for each gate: one case for the gate itself, which counts what it looked at, and one for each finding.
func junit(result evidence.Evidence) ([]byte, error) {
	report := junitSuites{}
	for _, c := range result.Checks {
		suite := junitSuite{Name: c.Gate, Time: fmt.Sprintf("%.3f", c.Seconds)}
		whole := junitCase{Class: c.Gate, Name: c.Tool, Time: suite.Time, Output: fmt.Sprintf("looked at %d %s; %s", c.Counted, c.Unit, c.Detail)}
		if c.Outcome == evidence.Broken {
			whole.Error = &junitDetail{Message: "broken: " + printable(c.Detail)}
			suite.Errors++
		}
		suite.Cases = append(suite.Cases, whole)
		for _, f := range result.Findings {
			if f.Gate != c.Gate {
				continue
			}
			where := f.File
			if f.Span.Line > 0 {
				where = fmt.Sprintf("%s:%d", f.File, f.Span.Line)
			}
			one := junitCase{Class: c.Gate + "." + f.Rule, Name: printable(where + " " + f.Resource), Time: "0"}
			if f.Severity == "error" {
				one.Failure = &junitDetail{Message: printable(f.Message), Text: printable(where + ": " + f.Message + ": " + f.Cure)}
				suite.Failures++
			} else {
				one.Output = printable(f.Message + ": " + f.Cure)
			}
			suite.Cases = append(suite.Cases, one)
		}
		suite.Tests = len(suite.Cases)
		report.Suites = append(report.Suites, suite)
	}
	body, err := xml.MarshalIndent(report, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("junit report: %w", err)
	}
	return append([]byte(xml.Header), append(body, '\n')...), nil
}
