package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"accountfleet/internal/document"
)

// Mistakes is the error of Load and Parse: everything that is wrong with the settings, in the order of the file.
type Mistakes struct {
	All []Mistake
}

// Mistake is one thing to mend in the settings.
type Mistake struct {
	File    string
	Line    int    // 0 if the mistake is about the whole file
	Path    string // for example accounts.gamma; empty if the file is not YAML
	Message string
	Cure    string
}

// Error lists every mistake on a line of its own.
func (m *Mistakes) Error() string {
	lines := make([]string, 0, len(m.All))
	for _, mistake := range m.All {
		lines = append(lines, mistake.String())
	}
	return strings.Join(lines, "\n")
}

// String is file:line: path: message: cure.
func (m Mistake) String() string {
	parts := []string{m.File}
	if m.Line > 0 {
		parts[0] = fmt.Sprintf("%s:%d", m.File, m.Line)
	}
	if m.Path != "" {
		parts = append(parts, m.Path)
	}
	return strings.Join(append(parts, m.Message, m.Cure), ": ")
}

// Load reads the settings file at path.
func Load(path string) (*Settings, error) {
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("settings %s: %w: run in the folder that holds fleet.yaml, or name the file by --settings or FLEET_SETTINGS", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("settings %s: %w: name the file by --settings or FLEET_SETTINGS", path, err)
	}
	return Parse(path, body)
}

// Parse reads settings from body; name is what messages call the file. The error is a *Mistakes.
func Parse(name string, body []byte) (*Settings, error) {
	// The extension decides between YAML and JSON, and settings are YAML whatever the file is called.
	d, findings := document.Parse("fleet.yaml", body, document.Options{})
	mistakes := &Mistakes{}
	for _, f := range findings {
		mistakes.All = append(mistakes.All, Mistake{File: name, Line: f.Span.Line, Message: f.Message, Cure: f.Cure})
	}
	if d == nil {
		return nil, mistakes
	}
	report := document.NewReport(d)
	var raw file
	document.Decode(report, &raw)
	settings := raw.settings(report)
	checker{report, settings}.all(&raw)
	for _, p := range report.Problems() {
		mistakes.All = append(mistakes.All, Mistake{File: name, Line: p.Span.Line, Path: p.Path, Message: p.Message, Cure: p.Cure})
	}
	if len(mistakes.All) > 0 {
		return nil, mistakes
	}
	return settings, nil
}

// settings fills defaults in. What cannot be converted is reported and left zero.
func (f *file) settings(report *document.Report) *Settings {
	s := &Settings{
		Name:                orDefault(f.Name, "fleet"),
		Organization:        f.Organization,
		Regions:             Regions(f.Regions),
		Accounts:            Accounts(f.Accounts),
		Source:              f.source(),
		Approval:            Approval{Approvers: f.Approval.Approvers, Timeout: f.timeout(report)},
		Notifications:       Notifications(f.Notifications),
		RequiredServices:    f.RequiredServices,
		AllowedServices:     f.AllowedServices,
		Shards:              1,
		LogRetentionDays:    365,
		ReplicationBuckets:  f.ReplicationBuckets,
		Cleansing:           Cleansing(f.Cleansing),
		LeakedAccessKeys:    LeakedAccessKeys(orDefault(f.LeakedAccessKeys, string(ReportKeys))),
		SandboxOrganization: f.SandboxOrganization,
	}
	if s.Cleansing == "" {
		s.Cleansing = CleanseAutomatically
		if s.Source.Connection != nil {
			s.Cleansing = CleanseNever
		}
	}
	if f.Regions.Catalog == nil && f.Regions.Home != "" {
		s.Regions.Catalog = []string{f.Regions.Home}
	}
	s.Accounts.Gamma = orDefault(s.Accounts.Gamma, s.Accounts.Test)
	if f.AllowedServices == nil {
		s.AllowedServices = DefaultAllowedServices()
	}
	if f.Shards != nil {
		s.Shards = *f.Shards
	}
	if f.LogRetentionDays != nil {
		s.LogRetentionDays = *f.LogRetentionDays
	}
	for _, p := range f.Portfolios {
		s.Portfolios = append(s.Portfolios, Portfolio(p))
	}
	return s
}

// source gives the source with its defaults.
func (f *file) source() Source {
	repository := orDefault(f.Name, "fleet") + "-catalog"
	switch {
	case f.Source == nil || f.Source.CodeCommit == nil && f.Source.Connection == nil:
		return Source{Repository: repository, Branch: "main"}
	case f.Source.Connection != nil:
		c := f.Source.Connection
		return Source{Connection: &Connection{ARN: c.ARN, Repository: c.Repository}, Branch: orDefault(c.Branch, "main")}
	default:
		c := f.Source.CodeCommit
		return Source{Repository: orDefault(c.Repository, repository), Branch: orDefault(c.Branch, "main")}
	}
}

// timeout converts approval.timeout.
func (f *file) timeout(report *document.Report) time.Duration {
	if f.Approval.Timeout == "" {
		return 48 * time.Hour
	}
	timeout, err := time.ParseDuration(f.Approval.Timeout)
	if err != nil {
		report.Add("/approval/timeout", fmt.Sprintf("want a duration, got %q", f.Approval.Timeout), "write hours or minutes, for example 48h or 90m")
	}
	return timeout
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
