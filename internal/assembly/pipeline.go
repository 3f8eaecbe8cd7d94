// Package assembly reads a synthesized cloud assembly (cdk.out) into plain Go values: the pipeline and what its actions use.
//
// It is the only reader of cdk.out, and cdk.out is the only description of the pipeline: AWS runs it, the rehearsal reads it here.
// Intrinsics that our templates use are resolved from the assembly alone; anything unknown is an error that names the stack and the
// path in its template. The package starts no process and calls no network. Start at Load.
package assembly

// Assembly is a loaded cdk.out.
type Assembly struct {
	Dir        string
	Stacks     []Stack            // in deployment order: a stack comes after those it depends on
	Pipeline   *Pipeline          // the one AWS::CodePipeline::Pipeline
	Projects   map[string]Project // CodeBuild projects by name
	Triggers   []Trigger          // EventBridge rules that start the pipeline
	Starters   []Starter          // EventBridge rules that start a CodeBuild project beside the pipeline
	Reviewers  string             // ARN of the role that may approve: the one whose policy names codepipeline:PutApprovalResult
	Approvers  []string           // ARN patterns of the roles that may assume Reviewers
	Engineers  string             // ARN of the role by which people push: the one whose policy names codecommit:GitPush and that no service takes
	Repository *Repository        // the CodeCommit repository, nil with a CodeConnections source
	Roles      []Role             // every role of the assembly
	OtherRules []string           // enabled EventBridge rules that start neither the pipeline nor a project
}

// Role is a role and the actions that its policies allow, as they are written there.
type Role struct {
	ARN     string
	Actions []string
}

// Stack is one stack of the assembly.
type Stack struct {
	Name         string // CloudFormation stack name
	ArtifactID   string // id in manifest.json, what the cdk CLI takes
	Account      string
	Region       string
	TemplatePath string   // absolute
	DependsOn    []string // artifact ids of stacks
}

// Pipeline is a CodePipeline V2 definition with every name and ARN resolved.
type Pipeline struct {
	Name          string
	ARN           string
	Account       string
	Region        string
	RoleARN       string
	ExecutionMode string           // QUEUED
	Stores        map[string]Store // artifact store by region
	Stages        []Stage
}

// Store is an artifact bucket.
type Store struct {
	Bucket string
	KeyARN string // KMS key; a reference to the key's logical id where the ARN is known only after the deployment
}

// Stage is a stage of the pipeline.
type Stage struct {
	Name    string
	Actions []Action
	// Entry holds beforeEntry conditions: unless every rule holds the stage is entered with the condition's Result.
	Entry []Condition
}

// Condition is a beforeEntry condition.
type Condition struct {
	Result string // "SKIP" or "FAIL"
	Rules  []Rule
}

// Rule is a rule of a condition.
type Rule struct {
	Name          string
	Provider      string // "VariableCheck"
	Configuration map[string]string
}

// Action is one action of a stage.
type Action struct {
	Name           string
	Category       string // Source, Build, Deploy, Approval
	Owner          string
	Provider       string // CodeCommit, CodeStarSourceConnection, CodeBuild, CloudFormation, Manual
	RunOrder       int
	RoleARN        string // role that the pipeline assumes for the action; empty: the pipeline's own
	Account        string // account of RoleARN
	Region         string
	Namespace      string
	Inputs         []string
	Outputs        []string
	Configuration  map[string]string // values may hold "#{Namespace.Variable}"
	TimeoutMinutes int               // 0: the provider's default
}

// Project is a CodeBuild project.
type Project struct {
	Name           string
	ARN            string
	RoleARN        string
	Source         string // CODEPIPELINE, or NO_SOURCE for a project that is no action
	Buildspec      string // inlined YAML
	Environment    []Variable
	Image          string
	TimeoutMinutes int
	LogGroup       string
	EncryptionKey  string
}

// Variable is an environment variable of a project or an action.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type"` // PLAINTEXT, PARAMETER_STORE, SECRETS_MANAGER
}

// Trigger is an EventBridge rule whose target is the pipeline.
type Trigger struct {
	Name    string
	Pattern map[string]any // event pattern
	RoleARN string         // role that starts the pipeline
}

// Starter is an EventBridge rule whose target is a CodeBuild project.
type Starter struct {
	Name    string
	Pattern map[string]any    // event pattern
	RoleARN string            // role that starts the build
	Project string            // name
	Paths   map[string]string // name of a placeholder -> path in the event
	Input   string            // input of StartBuild with <placeholders>; empty: none
}

// Repository is the CodeCommit repository and its seed.
type Repository struct {
	Name    string
	ARN     string
	Region  string
	Account string
	Branch  string // branch that the seed is put on; empty without a seed
}
