package config

// file is fleet.yaml as it is written. The tags are the one description of its keys: document.Decode quotes them in messages, and
// schemas/fleet.schema.json is generated from them.
type file struct {
	Name                string            `json:"name,omitempty" jsonschema:"minLength=2,maxLength=10,pattern=^[a-z][a-z0-9]*(-[a-z0-9]+)*$,default=fleet" jsonschema_description:"Prefix of every stack, role and bucket name: 2 to 10 lower-case letters, digits and single dashes. Default fleet. Changing it later replaces everything."`
	Organization        string            `json:"organization" jsonschema:"pattern=^o-[a-z0-9]{10\\,32}$" jsonschema_description:"Id of the AWS organization, as aws organizations describe-organization prints it: o- and 10 to 32 letters or digits."`
	Regions             fileRegions       `json:"regions" jsonschema_description:"Where the pipeline, the published products and the tests live."`
	Accounts            fileAccounts      `json:"accounts" jsonschema_description:"Ids of the fleet's own accounts, 12 quoted digits each. They may all be one account for a first try, which isolates nothing."`
	Source              *fileSource       `json:"source,omitempty" jsonschema_description:"Where engineers push: codecommit or connection. Default a CodeCommit repository named <name>-catalog."`
	Approval            fileApproval      `json:"approval" jsonschema_description:"Who may approve a publication, and for how long they are waited for."`
	Notifications       fileNotifications `json:"notifications,omitempty" jsonschema_description:"Who hears of approvals and failures."`
	RequiredServices    []string          `json:"required_services,omitempty" jsonschema:"uniqueItems=true" jsonschema_description:"Services that some product must enable, by IAM prefix, for example guardduty. Default none."`
	AllowedServices     []string          `json:"allowed_services,omitempty" jsonschema:"minItems=1,uniqueItems=true" jsonschema_description:"IAM prefixes of the services that products may use. Default the list in internal/config/services.go, which leaves out everything that runs code."`
	Shards              *int              `json:"shards,omitempty" jsonschema:"minimum=1,maximum=9,default=1" jsonschema_description:"Number of product stacks for each catalog region, 1 to 9; one holds 40 products. Default 1. Only ever raise it, then run cdk deploy."`
	LogRetentionDays    *int              `json:"log_retention_days,omitempty" jsonschema:"default=365" jsonschema_description:"How many days CloudWatch keeps logs: one of the numbers that CloudWatch accepts. Default 365."`
	ReplicationBuckets  map[string]string `json:"replication_buckets,omitempty" jsonschema_description:"For each catalog region other than home the existing bucket that the pipeline's artifacts are replicated to."`
	Cleansing           string            `json:"cleansing,omitempty" jsonschema:"enum=automatic,enum=approval,enum=off" jsonschema_description:"What a secret in the history starts: automatic purges it from every commit at once, approval tells people and waits for a reviewer, \"off\" (quoted, because YAML would read a boolean) leaves it to people. Default automatic; off where the source is a connection, whose history only people can rewrite, by fleet cleanse."`
	LeakedAccessKeys    string            `json:"leaked_access_keys,omitempty" jsonschema:"enum=report,enum=deactivate,default=report" jsonschema_description:"What a cleansing of the pipeline does about AWS access keys among the secrets that it purges: report tells people to deactivate them; deactivate has the cleansing do it before it purges, by a role <name>-key-deactivation that cdk deploy then brings to every account that the fleet knows, the management account too. Default report."`
	Portfolios          []filePortfolio   `json:"portfolios" jsonschema:"minItems=1" jsonschema_description:"Service Catalog portfolios that products are published in, at least one."`
	SandboxOrganization bool              `json:"sandbox_organization,omitempty" jsonschema_description:"Whether test and gamma account are each the management account of a sandbox organization of their own, so that organization-wide products can be launched there. Default false."`
}

// fileRegions is regions.
type fileRegions struct {
	Home    string   `json:"home" jsonschema_description:"Region of the pipeline, for example eu-west-1."`
	Catalog []string `json:"catalog,omitempty" jsonschema:"minItems=1,uniqueItems=true" jsonschema_description:"Regions where products are published. Default the home region; any other needs an entry in replication_buckets."`
	Test    []string `json:"test" jsonschema:"minItems=1,uniqueItems=true" jsonschema_description:"Regions where Beta and TaskCat launch products; none of the catalog regions."`
}

// fileAccounts is accounts.
type fileAccounts struct {
	Tools   string `json:"tools" jsonschema:"pattern=^[0-9]{12}$" jsonschema_description:"Account of the pipeline: 12 quoted digits."`
	Test    string `json:"test" jsonschema:"pattern=^[0-9]{12}$" jsonschema_description:"Account where Beta launches and tests products: 12 quoted digits. It holds nothing of value."`
	Gamma   string `json:"gamma,omitempty" jsonschema:"pattern=^[0-9]{12}$" jsonschema_description:"Account where candidates are launched as their consumers will get them: 12 quoted digits. Default the test account."`
	Catalog string `json:"catalog" jsonschema:"pattern=^[0-9]{12}$" jsonschema_description:"Account of the portfolios, the template store and the ledger: 12 quoted digits."`

	Management string `json:"management,omitempty" jsonschema:"pattern=^[0-9]{12}$" jsonschema_description:"Management account of the organization: 12 quoted digits. Needed where portfolios are shared with organizational units, and kept when they no longer are, so that Settle ends the shares; its administrator runs fleet org-prepare. The pipeline never acts in it, unless it is listed under a portfolio's accounts, or leaked_access_keys is deactivate."`
}

// fileSource is source: one of the two.
type fileSource struct {
	CodeCommit *fileCodeCommit `json:"codecommit,omitempty" jsonschema:"oneof_required=codecommit" jsonschema_description:"A CodeCommit repository in the tools account, made and seeded by cdk deploy."`
	Connection *fileConnection `json:"connection,omitempty" jsonschema:"oneof_required=connection" jsonschema_description:"A repository elsewhere, reached through CodeConnections."`
}

// fileCodeCommit is source.codecommit.
type fileCodeCommit struct {
	Repository string `json:"repository,omitempty" jsonschema:"pattern=^[A-Za-z0-9._-]{1\\,100}$" jsonschema_description:"Name of the repository. Default <name>-catalog."`
	Branch     string `json:"branch,omitempty" jsonschema:"default=main" jsonschema_description:"Branch whose pushes are published. Default main."`
}

// fileConnection is source.connection.
type fileConnection struct {
	ARN        string `json:"arn" jsonschema_description:"ARN of the connection: arn:aws:codeconnections:<region>:<account>:connection/<id>."`
	Repository string `json:"repository" jsonschema:"pattern=^[^/ ]+(/[^/ ]+)+$" jsonschema_description:"Repository as owner/name."`
	Branch     string `json:"branch,omitempty" jsonschema:"default=main" jsonschema_description:"Branch whose pushes are published. Default main."`
}

// fileApproval is approval.
type fileApproval struct {
	Approvers []string `json:"approvers" jsonschema:"minItems=1,uniqueItems=true" jsonschema_description:"ARN patterns of the IAM roles that may act as reviewer, for example arn:aws:iam::111111111111:role/reviewers/*."`
	Timeout   string   `json:"timeout,omitempty" jsonschema:"default=48h" jsonschema_description:"How long a publication waits for approval: hours and minutes such as 48h or 90m, from 5m to 1440h. Default 48h."`
}

// fileNotifications is notifications.
type fileNotifications struct {
	Emails []string `json:"emails,omitempty" jsonschema:"uniqueItems=true" jsonschema_description:"Mail addresses. Each has to confirm its subscription once."`
}

// filePortfolio is an element of portfolios.
type filePortfolio struct {
	ID         string   `json:"id" jsonschema:"maxLength=40,pattern=^[a-z][a-z0-9]*(-[a-z0-9]+)*$" jsonschema_description:"Lower-case words joined by dashes, by which products name the portfolio. Never change it."`
	Name       string   `json:"name" jsonschema:"minLength=1,maxLength=100" jsonschema_description:"Display name, 1 to 100 characters."`
	Provider   string   `json:"provider" jsonschema:"minLength=1,maxLength=50" jsonschema_description:"Who provides the portfolio, 1 to 50 characters."`
	Accounts   []string `json:"accounts,omitempty" jsonschema:"uniqueItems=true" jsonschema_description:"Consumer accounts that the portfolio is shared with, 12 quoted digits each. Default none: it is used in the catalog account itself."`
	Units      []string `json:"organizational_units,omitempty" jsonschema:"uniqueItems=true" jsonschema_description:"Organizational units (ou-...), or the root (r-...), whose accounts all get the portfolio and, through a stack set, its launch roles. Accounts in them are not listed under accounts."`
	VerifyIn   string   `json:"verify_in,omitempty" jsonschema:"pattern=^[0-9]{12}$" jsonschema_description:"An account in one of organizational_units, where the pipeline looks as a consumer after a publication. Default: it looks in the catalog account."`
	Principals []string `json:"principals" jsonschema:"minItems=1,maxItems=9,uniqueItems=true" jsonschema_description:"Who may launch: IAM patterns without an account, for example arn:aws:iam:::role/fleet/*, at most 9: Service Catalog takes 10, and the pipeline's verifier is one. Use a path that consumers cannot create roles in."`
}
