package config

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"accountfleet/internal/document"
)

var (
	slug           = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	organizationID = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	accountID      = regexp.MustCompile(`^[0-9]{12}$`)
	unitID         = regexp.MustCompile(`^(r-[a-z0-9]{4,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})$`)
	servicePrefix  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	bucketName     = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	branchName     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]{0,254}$`)
	ownerAndName   = regexp.MustCompile(`^[^/\s]+(/[^/\s]+)+$`)
	connectionARN  = regexp.MustCompile(`^arn:aws:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[A-Za-z0-9-]+$`)
	approverARN    = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@*?/-]+$`)
	principalARN   = regexp.MustCompile(`^arn:aws:iam:::(role|user|group)/[A-Za-z0-9_+=,.@*?/-]+$`)
)

// checker knows what the values of fleet.yaml mean, after defaults were filled in.
type checker struct {
	*document.Report
	settings *Settings
}

// at is a JSON pointer; numbers are indexes of lists.
func at(parts ...any) string {
	text := make([]string, len(parts))
	for i, part := range parts {
		text[i] = fmt.Sprint(part)
	}
	return document.Pointer(text...)
}

func (c checker) all(raw *file) {
	s := c.settings
	c.name(s.Name)
	if !organizationID.MatchString(s.Organization) {
		c.Add(at("organization"), fmt.Sprintf("want o- and 10 to 32 lower-case letters or digits, got %q", s.Organization), "copy it from aws organizations describe-organization")
	}
	c.regions(s.Regions)
	c.account(at("accounts", "tools"), s.Accounts.Tools)
	c.account(at("accounts", "test"), s.Accounts.Test)
	c.account(at("accounts", "gamma"), s.Accounts.Gamma)
	c.account(at("accounts", "catalog"), s.Accounts.Catalog)
	c.source(raw.Source, s.Source)
	c.cleansing(s)
	c.leakedKeys(s)
	c.approval(s.Approval)
	for i, address := range s.Notifications.Emails {
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			c.Add(at("notifications", "emails", i), fmt.Sprintf("want a mail address, got %q", address), "write it as name@example.com")
		}
	}
	unique(c, at("notifications", "emails"), s.Notifications.Emails)
	c.services(s)
	if s.Shards < 1 || s.Shards > 9 {
		c.Add(at("shards"), fmt.Sprintf("want 1 to 9, got %d", s.Shards), "one shard holds 40 products; start with 1")
	}
	if !slices.Contains(retentions, s.LogRetentionDays) {
		c.Add(at("log_retention_days"), fmt.Sprintf("CloudWatch does not accept %d days", s.LogRetentionDays), fmt.Sprintf("write %d, or another of %s", longerRetention(s.LogRetentionDays), join(retentions)))
	}
	c.replication(s)
	if s.Accounts.Management != "" {
		c.account(at("accounts", "management"), s.Accounts.Management)
	}
	c.portfolios(s.Portfolios)
	c.units(s)
}

// cleansing checks how secrets leave the history. A connection's host gives CodeBuild a token to read by, so nothing here can push there.
func (c checker) cleansing(s *Settings) {
	switch s.Cleansing {
	case CleanseNever:
	case CleanseAutomatically, CleanseOnApproval:
		if s.Source.Connection != nil {
			c.Add(at("cleansing"), fmt.Sprintf("%q needs a CodeCommit repository: the pipeline cannot push through a connection", s.Cleansing),
				`write "off", and purge secrets by fleet cleanse in a clone`)
		}
	default:
		c.Add(at("cleansing"), fmt.Sprintf("want automatic, approval or off, got %q", s.Cleansing), "write automatic, which is the default")
	}
}

// leakedKeys checks what is done about access keys. Nothing but a cleansing of the pipeline has a role that could deactivate them.
func (c checker) leakedKeys(s *Settings) {
	switch {
	case s.LeakedAccessKeys == ReportKeys:
	case s.LeakedAccessKeys != DeactivateKeys:
		c.Add(at("leaked_access_keys"), fmt.Sprintf("want report or deactivate, got %q", s.LeakedAccessKeys), "write report, which is the default")
	case s.Source.Connection != nil:
		c.Add(at("leaked_access_keys"), "a cleansing of the pipeline deactivates keys, and there is none where the source is a connection",
			"write report, and deactivate keys by fleet cleanse run --deactivate-keys")
	case s.Cleansing == CleanseNever:
		c.Add(at("leaked_access_keys"), "a cleansing of the pipeline deactivates keys, and cleansing is off",
			"write cleansing: automatic or approval, or report here, and deactivate keys by fleet cleanse run --deactivate-keys")
	}
}

// name checks the prefix of all names. Ten characters leave room for the longest role name, <name>-gamma-launch-<40 characters>,
// within IAM's 64; a bucket may not start with sthree-.
func (c checker) name(name string) {
	switch {
	case len(name) < 2 || len(name) > 10 || !slug.MatchString(name):
		c.Add(at("name"), fmt.Sprintf("want 2 to 10 lower-case letters, digits and single dashes, got %q", name), `shorten it, for example "fleet"`)
	case name == "sthree" || name == "aws" || strings.HasPrefix(name, "aws-") || strings.HasPrefix(name, "sthree-"):
		c.Add(at("name"), fmt.Sprintf("%q is reserved by AWS", name), `choose another, for example "fleet"`)
	}
}

func (c checker) region(pointer, region string) {
	if what, cure := unknownRegion(region); what != "" {
		c.Add(pointer, what, cure)
	}
}

// Region says what is wrong with the name of a region, and the cure.
func Region(region string) error {
	if what, cure := unknownRegion(region); what != "" {
		return fmt.Errorf("%s: %s", what, cure)
	}
	return nil
}

func unknownRegion(region string) (what, cure string) {
	if slices.Contains(regions, region) {
		return "", ""
	}
	cure = "write one such as eu-west-1"
	if near := document.Nearest(region, regions); near != "" {
		cure = "did you mean " + near
	}
	if strings.HasPrefix(region, "cn-") || strings.HasPrefix(region, "us-gov-") || strings.HasPrefix(region, "us-iso") || strings.HasPrefix(region, "eusc-") {
		cure = "only regions of the partition aws are supported"
	}
	return fmt.Sprintf("no region is called %q", region), cure
}

func (c checker) regions(r Regions) {
	c.region(at("regions", "home"), r.Home)
	if slices.Contains(regions, r.Home) && len(r.Catalog) > 0 && !slices.Contains(r.Catalog, r.Home) {
		c.Add(at("regions", "catalog"), fmt.Sprintf("the home region %s is not among them", r.Home), "add it: Gamma launches candidates there, from its template store")
	}
	for list, names := range map[string][]string{"catalog": r.Catalog, "test": r.Test} {
		if len(names) == 0 {
			c.Add(at("regions", list), "is empty", "name at least one region")
		}
		for i, name := range names {
			c.region(at("regions", list, i), name)
		}
		unique(c, at("regions", list), names)
	}
	for i, name := range r.Test {
		if slices.Contains(r.Catalog, name) {
			c.Add(at("regions", "test", i), fmt.Sprintf("%s is a catalog region too, so that Beta and Gamma would fight over what exists once in a region", name), "test in another region, for example "+spare(r))
		}
	}
}

// spare is a region that neither list uses.
func spare(r Regions) string {
	for _, candidate := range []string{"eu-central-1", "eu-north-1", "us-east-2", "us-west-2"} {
		if candidate != r.Home && !slices.Contains(r.Catalog, candidate) && !slices.Contains(r.Test, candidate) {
			return candidate
		}
	}
	return "one that no list names"
}

func (c checker) account(pointer, id string) {
	if !accountID.MatchString(id) {
		c.Add(pointer, fmt.Sprintf("want 12 digits, got %q", id), accountCure(id))
	}
}

func accountCure(id string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, id)
	switch {
	case len(digits) == 12:
		return fmt.Sprintf("write only the digits: %q", digits)
	case len(digits) == 11 && digits == id:
		return "a digit is missing; if it was a leading zero that a tool dropped, write " + strconv.Quote("0"+id)
	default:
		return "copy it from the console's account menu or from aws sts get-caller-identity"
	}
}

func (c checker) source(raw *fileSource, source Source) {
	if raw != nil && raw.CodeCommit != nil && raw.Connection != nil {
		c.Add(at("source"), "codecommit and connection are both set", "keep the one that engineers push to")
		return
	}
	if raw != nil && raw.CodeCommit == nil && raw.Connection == nil {
		c.Add(at("source"), "names neither codecommit nor connection", "add one, or delete the key for a CodeCommit repository")
		return
	}
	kind := "codecommit"
	if source.Connection != nil {
		kind = "connection"
		if !connectionARN.MatchString(source.Connection.ARN) {
			c.Add(at("source", kind, "arn"), fmt.Sprintf("want the ARN of a connection, got %q", source.Connection.ARN), "copy arn:aws:codeconnections:<region>:<account>:connection/<id> from Developer Tools, Connections")
		}
		if !ownerAndName.MatchString(source.Connection.Repository) {
			c.Add(at("source", kind, "repository"), fmt.Sprintf("want owner/name, got %q", source.Connection.Repository), "write the repository as its address shows it, without host and .git")
		}
	} else if !repositoryName.MatchString(source.Repository) || strings.HasSuffix(source.Repository, ".git") {
		c.Add(at("source", kind, "repository"), fmt.Sprintf("CodeCommit does not accept the name %q", source.Repository), "use 1 to 100 letters, digits, dots, dashes and underscores, not ending in .git")
	}
	if b := source.Branch; !branchName.MatchString(b) || strings.Contains(b, "..") || strings.Contains(b, "//") || strings.HasSuffix(b, "/") || strings.HasSuffix(b, ".lock") || strings.HasPrefix(b, "refs/") {
		c.Add(at("source", kind, "branch"), fmt.Sprintf("%q is no branch name", b), "write the short name, for example main")
	}
}

func (c checker) approval(a Approval) {
	if len(a.Approvers) == 0 {
		c.Add(at("approval", "approvers"), "is empty, so nobody could approve a publication", "name the reviewers' roles, for example arn:aws:iam::111111111111:role/reviewers/*")
	}
	for i, pattern := range a.Approvers {
		if !approverARN.MatchString(pattern) {
			c.Add(at("approval", "approvers", i), fmt.Sprintf("want the ARN pattern of an IAM role, got %q", pattern), "write arn:aws:iam::<12 digits>:role/<path and name>, with * and ? after role/ only")
		}
	}
	unique(c, at("approval", "approvers"), a.Approvers)
	if a.Timeout < 5*time.Minute || a.Timeout > 86400*time.Minute || a.Timeout%time.Minute != 0 {
		c.Add(at("approval", "timeout"), fmt.Sprintf("CodePipeline waits for whole minutes from 5m to 1440h, got %s", a.Timeout), "write 24h to 72h")
	}
}

func (c checker) services(s *Settings) {
	for i, service := range s.AllowedServices {
		if !servicePrefix.MatchString(service) {
			c.Add(at("allowed_services", i), fmt.Sprintf("want an IAM service prefix, got %q", service), "write what stands before the colon of its actions, for example s3")
		}
	}
	if len(s.AllowedServices) == 0 {
		c.Add(at("allowed_services"), "is empty, so no product could have a resource", "name services, or delete the key for the default")
	}
	for i, service := range s.RequiredServices {
		if slices.Contains(s.AllowedServices, service) {
			continue
		}
		cure := "add it to allowed_services, or remove it here"
		if near := document.Nearest(service, s.AllowedServices); near != "" {
			cure = "did you mean " + near
		}
		c.Add(at("required_services", i), fmt.Sprintf("%q is required, but products may not use it", service), cure)
	}
	unique(c, at("allowed_services"), s.AllowedServices)
	unique(c, at("required_services"), s.RequiredServices)
}

func (c checker) replication(s *Settings) {
	for i, region := range s.Regions.Catalog {
		if region != s.Regions.Home && s.ReplicationBuckets[region] == "" {
			c.Add(at("regions", "catalog", i), fmt.Sprintf("%s is not the home region and has no replication bucket", region), fmt.Sprintf("add replication_buckets: {%s: <existing bucket>}, because CodePipeline needs one in each region that it acts in", region))
		}
	}
	for region, bucket := range s.ReplicationBuckets {
		pointer := at("replication_buckets", region)
		switch {
		case region == s.Regions.Home:
			c.Add(pointer, "is the home region, whose bucket the pipeline brings itself", "remove it")
		case !slices.Contains(s.Regions.Catalog, region):
			c.Add(pointer, fmt.Sprintf("%q is no catalog region", region), "add it to regions.catalog, or remove it here")
		case !bucketName.MatchString(bucket):
			c.Add(pointer, fmt.Sprintf("want the name of a bucket, got %q", bucket), "write its 3 to 63 lower-case letters, digits, dots and dashes, without s3://")
		}
	}
}

func (c checker) portfolios(portfolios []Portfolio) {
	if len(portfolios) == 0 {
		c.Add(at("portfolios"), "is empty, so nothing could be published", "add one with id, name, provider and principals")
	}
	first := map[string]int{}
	for i, p := range portfolios {
		if len(p.ID) > 40 || !slug.MatchString(p.ID) {
			c.Add(at("portfolios", i, "id"), fmt.Sprintf("want at most 40 lower-case letters, digits and single dashes, got %q", p.ID), "for example security")
		}
		// CloudFormation parameters are named by the id without its dashes.
		plain := strings.ReplaceAll(p.ID, "-", "")
		if earlier, twice := first[plain]; twice {
			c.Add(at("portfolios", i, "id"), fmt.Sprintf("portfolios[%d] has the id %q, and dashes do not tell two portfolios apart", earlier, portfolios[earlier].ID), "give it another id")
		} else {
			first[plain] = i
		}
		c.length(at("portfolios", i, "name"), p.Name, 100)
		c.length(at("portfolios", i, "provider"), p.Provider, 50)
		for j, id := range p.Accounts {
			c.account(at("portfolios", i, "accounts", j), id)
		}
		unique(c, at("portfolios", i, "accounts"), p.Accounts)
		// Source: AssociatePrincipalWithPortfolio, at most 10 patterns in a portfolio, of which the pipeline's verifier is one.
		if n := len(p.Principals); n == 0 || n > 9 {
			c.Add(at("portfolios", i, "principals"), fmt.Sprintf("want 1 to 9 patterns, got %d", n), "name who may launch, for example arn:aws:iam:::role/fleet/*")
		}
		for j, pattern := range p.Principals {
			if !principalARN.MatchString(pattern) {
				c.Add(at("portfolios", i, "principals", j), fmt.Sprintf("want an IAM pattern without an account, got %q", pattern), "write arn:aws:iam:::role/<path and name>, with * and ? after role/ only")
			}
		}
		unique(c, at("portfolios", i, "principals"), p.Principals)
	}
}

// units checks what sharing with organizational units needs.
func (c checker) units(s *Settings) {
	for i, p := range s.Portfolios {
		for j, unit := range p.Units {
			if !unitID.MatchString(unit) {
				c.Add(at("portfolios", i, "organizational_units", j), fmt.Sprintf("want the id of an organizational unit or of the root, got %q", unit),
					"copy it from aws organizations list-organizational-units-for-parent, for example ou-ab12-cd34ef56")
			}
		}
		unique(c, at("portfolios", i, "organizational_units"), p.Units)
		if len(p.Units) > 0 && s.Accounts.Management == "" {
			c.Add(at("portfolios", i, "organizational_units"), "sharing with them needs the organization's management account",
				"add accounts.management, and have its administrator run fleet org-prepare")
		}
		if len(p.Units) > 0 && s.Accounts.Management == s.Accounts.Catalog {
			c.Add(at("portfolios", i, "organizational_units"), "the catalog account shares and deploys as delegated administrator, which a management account cannot be",
				"choose another catalog account, or list accounts instead of units")
		}
		switch {
		case p.VerifyIn == "":
		case !accountID.MatchString(p.VerifyIn):
			c.account(at("portfolios", i, "verify_in"), p.VerifyIn)
		case len(p.Units) == 0:
			c.Add(at("portfolios", i, "verify_in"), "the portfolio is shared with no organizational unit", "add organizational_units, or remove it: listed accounts are all looked at")
		case slices.Contains(p.Accounts, p.VerifyIn):
			c.Add(at("portfolios", i, "verify_in"), fmt.Sprintf("%s is listed under accounts too, and is looked at anyway", p.VerifyIn), "remove one of the two")
		}
	}
}

func (c checker) length(pointer, text string, most int) {
	if n := utf8.RuneCountInString(strings.TrimSpace(text)); n < 1 || n > most {
		c.Add(pointer, fmt.Sprintf("want 1 to %d characters, got %d", most, n), "Service Catalog accepts no other length")
	}
}

// unique reports elements that a list has twice.
func unique(c checker, pointer string, list []string) {
	for i, element := range list {
		if element != "" && slices.Index(list, element) < i {
			c.Add(pointer+"/"+strconv.Itoa(i), fmt.Sprintf("%q comes twice", element), "keep one")
		}
	}
}

// longerRetention is the shortest accepted retention that is not shorter than days.
func longerRetention(days int) int {
	for _, accepted := range retentions {
		if accepted >= days {
			return accepted
		}
	}
	return retentions[len(retentions)-1]
}

func join(numbers []int) string {
	text := make([]string, len(numbers))
	for i, n := range numbers {
		text[i] = strconv.Itoa(n)
	}
	return strings.Join(text, ", ")
}
