package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
)

// sarifLog is the part of SARIF 2.1.0 that code hosts and editors read.
// Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	Rules []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID         string            `json:"id"`
	Properties map[string]string `json:"properties"`
}

// sarifInvocation tells a broken gate from a clean one: it was not successful, and says why.
type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string       `json:"level"`
	Message sarifMessage `json:"message"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
}

// sarif renders findings with paths relative to the folder in which the command runs.
func sarif(catalog string, result evidence.Evidence) ([]byte, error) {
	run := sarifRun{Tool: sarifTool{Driver: sarifDriver{Name: "fleet", Rules: []sarifRule{}}}, Results: []sarifResult{}}
	invocation := sarifInvocation{Successful: result.Outcome != evidence.Broken}
	for _, c := range result.Checks {
		if c.Outcome == evidence.Broken {
			invocation.Notifications = append(invocation.Notifications, sarifNotification{
				Level: "error", Message: sarifMessage{Text: "gate " + c.Gate + " is broken: " + printable(c.Detail)},
			})
		}
	}
	run.Invocations = []sarifInvocation{invocation}
	for _, f := range result.Findings {
		at := slices.IndexFunc(run.Tool.Driver.Rules, func(r sarifRule) bool { return r.ID == f.Rule })
		if at < 0 {
			at = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: f.Rule, Properties: map[string]string{"gate": f.Gate}})
		}
		run.Results = append(run.Results, sarifOf(catalog, at, f))
	}
	body, err := json.MarshalIndent(sarifLog{
		Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("sarif report: %w", err)
	}
	return append(body, '\n'), nil
}

func sarifOf(catalog string, rule int, f finding.Finding) sarifResult {
	location := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{URI: filepath.ToSlash(fileOf(catalog, f.File))}}}
	if f.Span.Line > 0 {
		location.Physical.Region = &sarifRegion{
			StartLine: f.Span.Line, StartColumn: f.Span.Column, EndLine: f.Span.EndLine, EndColumn: f.Span.EndColumn,
		}
	}
	if f.Resource != "" {
		location.Logical = []sarifLogical{{Name: printable(f.Resource)}}
	}
	level := string(f.Severity) // error, warning and note are SARIF's own words
	r := sarifResult{RuleID: f.Rule, RuleIndex: rule, Level: level, Message: sarifMessage{Text: whole(f)}, Locations: []sarifLocation{location}}
	if f.Fingerprint != "" {
		r.Fingerprints = map[string]string{"fleet/v1": f.Fingerprint}
	}
	return r
}
