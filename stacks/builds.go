package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"accountfleet/buildspecs"
	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// Names of the actions that CodeBuild runs, and of what they hand on.
const (
	policyAsCode     = "PolicyAsCode"
	secretsDetection = "SecretsDetection"
	unitTests        = "UnitTests"
	packaging        = "Package"
	provision        = "Provision"
	integrationTests = "IntegrationTests"
	store            = "Store"
	consume          = "Consume"
	render           = "Render"
	dossier          = "Dossier"
	preflight        = "Preflight"
	settle           = "Settle"
	verify           = "Verify"

	sourceArtifact = "Source"
	planArtifact   = "Plan"
)

// evidenceOf is the artifact that an action's evidence is handed on in.
func evidenceOf(action string) string { return action + "Evidence" }

// variablesOf is the namespace of an action's variables. CodePipeline takes no namespace that is an artifact too.
// Source: CodePipeline user guide, "Variables reference", action assigned namespace.
func variablesOf(action string) string { return action + "Variables" }

// variable is how the configuration of a later action names a variable of an action.
func variable(action, name string) string { return "#{" + variablesOf(action) + "." + name + "}" }

// builder makes the builds of the toolchain with what they share.
type builder struct {
	stack   awscdk.Stack
	s       *config.Settings
	key     string // ARN of the artifact key
	logsKey string
	toolbox download
	app     download
}

// need is what one action needs beyond what every build has.
type need struct {
	action    string
	purpose   string
	minutes   int
	inputs    []string
	output    string
	namespace string
	variables []parts.Variable
	reports   []string
	app       bool // downloads the app
	permits   []parts.Statement
}

// builds makes every build of the pipeline, by action name.
func (b *builder) builds() (map[string]*parts.Build, error) {
	made := map[string]*parts.Build{}
	for _, n := range slices.Concat(b.alpha(), b.beta(), b.gamma(), b.prod()) {
		spec, err := buildspecs.For(b.s.ProjectName(n.action), b.s.Name)
		if err != nil {
			return nil, err
		}
		made[n.action] = b.build(n, spec)
	}
	return made, nil
}

func (b *builder) build(n need, spec string) *parts.Build {
	tools := []string{b.toolbox.object}
	constants := slices.Concat(b.toolbox.variables, []parts.Variable{parts.Plain("GIT_LFS_SKIP_SMUDGE", "1")})
	if n.app {
		tools = append(tools, b.app.object)
		constants = append(constants, b.app.variables...)
	}
	return parts.NewBuild(b.stack, n.action, parts.BuildProps{
		Settings: b.s, Action: n.action, Purpose: n.purpose, Buildspec: spec, Minutes: n.minutes,
		Inputs: n.inputs, Output: n.output, Namespace: n.namespace, Reports: n.reports, Constants: constants,
		Variables: append([]parts.Variable{
			parts.Plain("EXECUTION_ID", "#{codepipeline.PipelineExecutionId}"),
			parts.Plain("COMMIT_ID", variable(sourceArtifact, "CommitId")),
		}, n.variables...),
		Permits:   append([]parts.Statement{parts.Allow("Toolbox", tools, "s3:GetObject")}, n.permits...),
		Artifacts: b.s.ArtifactBucket(), KeyARN: b.key, LogsKeyARN: b.logsKey,
	})
}

func (b *builder) alpha() []need {
	gate := func(action, purpose string, reports ...string) need {
		return need{action: action, purpose: purpose, minutes: 10, inputs: []string{sourceArtifact}, output: evidenceOf(action),
			reports: reports, permits: []parts.Statement{b.readSource()}}
	}
	return []need{
		analyzing(gate(policyAsCode, "checks every template against the policies and the schemas", "findings")),
		gate(secretsDetection, "looks for secrets in every object of the history", "findings"),
		gate(unitTests, "runs the scenarios of every product", "scenarios"),
		{
			action: packaging, purpose: "builds once what later stages promote", minutes: 10, namespace: variablesOf(packaging), output: packaging, app: true,
			inputs:  []string{sourceArtifact, evidenceOf(policyAsCode), evidenceOf(secretsDetection), evidenceOf(unitTests)},
			permits: []parts.Statement{b.readSource(), assume(b.catalog(b.s.CatalogReadRole()))},
		},
	}
}

// analyzing lets a build ask IAM Access Analyzer about policies. The calls name no resource and change nothing.
func analyzing(n need) need {
	n.permits = append(n.permits, parts.Allow("AccessAnalyzer", []string{"*"},
		"access-analyzer:ValidatePolicy", "access-analyzer:CheckNoPublicAccess", "access-analyzer:CheckAccessNotGranted"))
	return n
}

func (b *builder) beta() []need {
	permits := []parts.Statement{assume(b.test(b.s.TestDeployRole()), b.test(b.s.TestSweepRole()))}
	return []need{
		{action: provision, purpose: "deploys changed products to the test account", minutes: 30, inputs: []string{packaging},
			output: evidenceOf(provision), reports: []string{"launches"}, permits: permits},
		{action: integrationTests, purpose: "runs the TaskCat tests of changed products", minutes: 30, inputs: []string{packaging},
			output: evidenceOf(integrationTests), reports: []string{"tests"}, permits: permits},
	}
}

func (b *builder) gamma() []need {
	return []need{
		{action: store, purpose: "puts candidates into the template store", minutes: 10, inputs: []string{packaging},
			permits: []parts.Statement{assume(b.catalog(b.s.CatalogStoreRole()))}},
		{action: consume, purpose: "launches changed products as their consumers will", minutes: 30, inputs: []string{packaging},
			output: evidenceOf(consume), reports: []string{"launches"},
			variables: []parts.Variable{parts.Plain("PORTFOLIO_ID", "#{GammaPortfolio.PortfolioId}")},
			permits: []parts.Statement{assume(config.RoleARN(b.s.Accounts.Gamma, b.s.GammaConsumerRole()),
				config.RoleARN(b.s.Accounts.Gamma, b.s.GammaSweepRole()))}},
	}
}

func (b *builder) prod() []need {
	var consumers []string
	for _, account := range b.s.Consumers() {
		consumers = append(consumers, config.RoleARN(account, b.s.ConsumerVerifyRole()))
	}
	read, publish := b.catalog(b.s.CatalogReadRole()), b.catalog(b.s.CatalogPublishRole())
	return []need{
		{action: render, purpose: "renders what will be published from ledger and package", minutes: 15, inputs: []string{packaging},
			output: planArtifact, app: true, permits: []parts.Statement{assume(read)}},
		{action: dossier, purpose: "writes the reviewer's page", minutes: 15, output: dossier, namespace: variablesOf(dossier),
			inputs: []string{packaging, planArtifact, evidenceOf(provision), evidenceOf(integrationTests), evidenceOf(consume)},
			permits: []parts.Statement{assume(read),
				parts.Allow("Dossiers", []string{parts.ObjectsARN(b.s.DossierBucket(), "*")}, "s3:PutObject")}},
		{action: preflight, purpose: "compares with what was approved", minutes: 15, inputs: []string{planArtifact, dossier},
			permits: []parts.Statement{assume(read)}},
		{action: settle, purpose: "settles versions and records the publication", minutes: 15, inputs: []string{packaging, planArtifact},
			permits: []parts.Statement{assume(publish), b.readApproval()}},
		{action: verify, purpose: "looks at the publication as a consumer", minutes: 15, inputs: []string{planArtifact},
			permits: []parts.Statement{assume(append(consumers, publish)...)}},
	}
}

// readSource lets a build clone the repository with its history.
func (b *builder) readSource() parts.Statement {
	if connection := b.s.Source.Connection; connection != nil {
		return useConnection(connection)
	}
	return parts.Allow("Clone", []string{b.s.ToolsARN("codecommit", b.s.Source.Repository)}, "codecommit:GitPull")
}

// readApproval lets a build read who approved.
func (b *builder) readApproval() parts.Statement {
	return parts.Allow("ReadApproval", []string{b.s.ToolsARN("codepipeline", b.s.PipelineName())}, "codepipeline:GetPipelineState")
}

func (b *builder) catalog(role string) string { return config.RoleARN(b.s.Accounts.Catalog, role) }

func (b *builder) test(role string) string { return config.RoleARN(b.s.Accounts.Test, role) }
