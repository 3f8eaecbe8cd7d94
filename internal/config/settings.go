// Package config reads fleet.yaml, the platform team's settings, into typed and validated values, and derives every
// stack, role and bucket name from them.
//
// Load reports every mistake at once, each with its line and cure: file.go holds the file's shape (the JSON schema for editors is
// generated from it), check.go what values mean, names.go the names.
// Nothing else of the project may read fleet.yaml or spell such a name. Start at Settings and Load.
// The package is pure: no process, no network, and no import of the CDK or of the AWS SDK.
package config

import "time"

// Settings is fleet.yaml after defaults were filled in and every value was checked.
type Settings struct {
	Name                string            // prefix of every name, default "fleet"; 2 to 10 lower-case letters, digits and dashes
	Organization        string            // id of the AWS organization, "o-" and 10 to 32 letters or digits
	Regions             Regions           //
	Accounts            Accounts          //
	Source              Source            //
	Approval            Approval          //
	Notifications       Notifications     //
	RequiredServices    []string          // services that some product must enable, for example "guardduty"; may be empty
	AllowedServices     []string          // IAM service prefixes that products may use; default DefaultAllowedServices
	Shards              int               // number of product stacks per catalog region, 1 to 9, default 1
	LogRetentionDays    int               // CloudWatch Logs retention, a value that CloudWatch accepts, default 365
	ReplicationBuckets  map[string]string // catalog region other than home -> existing replication bucket
	Cleansing           Cleansing         // what a secret in the history starts; default CleanseAutomatically, CleanseNever with a connection
	LeakedAccessKeys    LeakedAccessKeys  // what a cleansing does about AWS access keys that it purges; default ReportKeys
	Portfolios          []Portfolio       // at least one
	SandboxOrganization bool              // test and gamma account are each the management account of a sandbox organization
}

// Isolated says whether tools, test, gamma and catalog are four different accounts. Otherwise what runs in one of them can reach
// what belongs to another, which is fine for a first try and for nothing else.
func (s *Settings) Isolated() bool {
	a := s.Accounts
	seen := map[string]bool{a.Tools: true, a.Test: true, a.Gamma: true, a.Catalog: true}
	return len(seen) == 4
}

// Regions of the fleet. Test regions and catalog regions are disjoint, so that region singletons of Beta and Gamma never meet.
type Regions struct {
	Home    string   // region of the pipeline
	Catalog []string // regions where products are published, default [Home]
	Test    []string // regions where Beta and TaskCat launch
}

// Accounts are 12-digit ids. They may all be equal, for a first try; Settings.Isolated says whether they are all different.
type Accounts struct {
	Tools      string
	Test       string
	Gamma      string // default Test
	Catalog    string
	Management string // the organization's management account; empty if no portfolio is, or ever was, shared with organizational units
}

// Source is where engineers push: exactly one of Repository (CodeCommit, the default) and Connection is set.
type Source struct {
	Repository string // CodeCommit repository name, default "<Name>-catalog"
	Connection *Connection
	Branch     string // default "main"
}

// Connection is a CodeConnections source.
type Connection struct {
	ARN        string
	Repository string // "owner/name"
}

// Cleansing is what the pipeline does when its scan finds a secret in the history.
type Cleansing string

// The ways of cleansing.
const (
	CleanseAutomatically Cleansing = "automatic" // at once
	CleanseOnApproval    Cleansing = "approval"  // people are told, and a reviewer starts it
	CleanseNever         Cleansing = "off"       // people run fleet cleanse by hand
)

// LeakedAccessKeys is what a cleansing of the pipeline does about AWS access keys among the secrets that it purges.
type LeakedAccessKeys string

// What is done about leaked access keys.
const (
	ReportKeys     LeakedAccessKeys = "report"     // people are told to deactivate them
	DeactivateKeys LeakedAccessKeys = "deactivate" // a role in every account that the fleet knows deactivates them first
)

// Approval says who may approve a publication, and for how long they are waited for.
type Approval struct {
	Approvers []string      // ARN patterns of IAM roles that may assume the reviewer role
	Timeout   time.Duration // 5 minutes to 60 days (86,400 minutes), default 48 h
}

// Notifications says who hears of approvals and failures.
type Notifications struct {
	Emails []string
}

// Portfolio is one Service Catalog portfolio.
type Portfolio struct {
	ID         string   // lower-case words joined by dashes
	Name       string   // display name, 1 to 100 characters
	Provider   string   // 1 to 50 characters
	Accounts   []string // consumer accounts that it is shared with one by one, each with a stack of its own; not in Units
	Units      []string // organizational units ("ou-...") or the root ("r-...") that it is shared with as a whole
	VerifyIn   string   // an account in one of Units where Verify looks as a consumer; empty: Verify looks in the catalog account
	Principals []string // IAM principal patterns that may launch, "arn:aws:iam:::role/..."
}
