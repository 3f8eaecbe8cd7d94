package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodepipeline"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Stage is a stage of a pipeline as a plain value.
type Stage struct {
	Name    string
	Actions []Action
	Unless  *Unless // default: the stage is always entered
}

// Unless skips a stage when a variable of an earlier action has a value.
type Unless struct {
	Variable string // "#{Namespace.Name}"
	Value    string
}

// Action is an action of a stage as a plain value.
type Action struct {
	Name           string
	Category       string // Source, Build, Deploy or Approval
	Owner          string // AWS
	Provider       string
	RunOrder       int
	RoleARN        string // role that the pipeline assumes; default: the pipeline's own
	Region         string // default: the pipeline's
	Namespace      string // default none
	Inputs         []string
	Outputs        []string
	Configuration  map[string]string
	TimeoutMinutes int // approvals only; default: AWS's 7 days
}

// ArtifactStore is where a region's actions find artifacts.
type ArtifactStore struct {
	Region string
	Bucket string
	KeyARN string // ARN of a KMS key, or of an alias where the key's id is not known
}

// PipelineProps describes a pipeline of type V2 that queues executions.
type PipelineProps struct {
	Name    string
	RoleARN string
	Stages  []Stage
	Stores  []ArtifactStore // the pipeline's own region first
}

// Pipeline is a CodePipeline.
type Pipeline struct {
	Resource awscodepipeline.CfnPipeline
}

// NewPipeline creates a pipeline. Nothing of it is generated: stages, roles and stores are exactly those of props.
func NewPipeline(scope constructs.Construct, id string, props PipelineProps) *Pipeline {
	stages := make([]any, len(props.Stages))
	for i, stage := range props.Stages {
		stages[i] = stage.declaration()
	}
	pipeline := &awscodepipeline.CfnPipelineProps{
		Name:          jsii.String(props.Name),
		RoleArn:       props.RoleARN,
		PipelineType:  jsii.String("V2"),
		ExecutionMode: jsii.String("QUEUED"),
		Stages:        stages,
	}
	if len(props.Stores) == 1 {
		pipeline.ArtifactStore = props.Stores[0].declaration()
	} else {
		stores := make([]any, len(props.Stores))
		for i, store := range props.Stores {
			stores[i] = &awscodepipeline.CfnPipeline_ArtifactStoreMapProperty{
				Region: jsii.String(store.Region), ArtifactStore: store.declaration(),
			}
		}
		pipeline.ArtifactStores = stores
	}
	return &Pipeline{Resource: awscodepipeline.NewCfnPipeline(scope, jsii.String(id), pipeline)}
}

// DependOn creates the pipeline after what it names without a reference.
func (p *Pipeline) DependOn(resources ...awscdk.CfnResource) {
	for _, resource := range resources {
		p.Resource.AddResourceDependency(resource, nil)
	}
}

func (s ArtifactStore) declaration() *awscodepipeline.CfnPipeline_ArtifactStoreProperty {
	return &awscodepipeline.CfnPipeline_ArtifactStoreProperty{
		Type: jsii.String("S3"), Location: jsii.String(s.Bucket),
		EncryptionKey: &awscodepipeline.CfnPipeline_EncryptionKeyProperty{Type: jsii.String("KMS"), Id: jsii.String(s.KeyARN)},
	}
}

func (s Stage) declaration() *awscodepipeline.CfnPipeline_StageDeclarationProperty {
	actions := make([]any, len(s.Actions))
	for i, action := range s.Actions {
		actions[i] = action.declaration()
	}
	declaration := &awscodepipeline.CfnPipeline_StageDeclarationProperty{Name: jsii.String(s.Name), Actions: actions}
	if s.Unless != nil {
		declaration.BeforeEntry = s.Unless.declaration()
	}
	return declaration
}

// declaration is a condition that holds while the variable differs; when it does not hold, the stage is skipped.
// Source: CodePipeline user guide, "VariableCheck" rule reference; only this rule and LambdaInvoke may have the result SKIP.
func (u Unless) declaration() *awscodepipeline.CfnPipeline_BeforeEntryConditionsProperty {
	return &awscodepipeline.CfnPipeline_BeforeEntryConditionsProperty{Conditions: []any{
		&awscodepipeline.CfnPipeline_ConditionProperty{
			Result: jsii.String("SKIP"),
			Rules: []any{&awscodepipeline.CfnPipeline_RuleDeclarationProperty{
				Name: jsii.String("SomethingToDo"),
				RuleTypeId: &awscodepipeline.CfnPipeline_RuleTypeIdProperty{
					Category: jsii.String("Rule"), Owner: jsii.String("AWS"), Provider: jsii.String("VariableCheck"), Version: jsii.String("1"),
				},
				Configuration: map[string]any{"Variable": u.Variable, "Operator": "NE", "Value": u.Value},
			}},
		},
	}}
}

func (a Action) declaration() *awscodepipeline.CfnPipeline_ActionDeclarationProperty {
	declaration := &awscodepipeline.CfnPipeline_ActionDeclarationProperty{
		Name: jsii.String(a.Name),
		ActionTypeId: &awscodepipeline.CfnPipeline_ActionTypeIdProperty{
			Category: jsii.String(a.Category), Owner: jsii.String(a.Owner), Provider: jsii.String(a.Provider), Version: jsii.String("1"),
		},
		RunOrder:        jsii.Number(a.RunOrder),
		RoleArn:         optional(a.RoleARN),
		Region:          optional(a.Region),
		Namespace:       optional(a.Namespace),
		InputArtifacts:  artifacts(a.Inputs, func(name *string) any { return &awscodepipeline.CfnPipeline_InputArtifactProperty{Name: name} }),
		OutputArtifacts: artifacts(a.Outputs, func(name *string) any { return &awscodepipeline.CfnPipeline_OutputArtifactProperty{Name: name} }),
	}
	if len(a.Configuration) > 0 {
		configuration := map[string]any{}
		for key, value := range a.Configuration {
			configuration[key] = value
		}
		declaration.Configuration = configuration
	}
	if a.TimeoutMinutes > 0 {
		declaration.TimeoutInMinutes = jsii.Number(a.TimeoutMinutes)
	}
	return declaration
}

func artifacts(names []string, property func(*string) any) any {
	if len(names) == 0 {
		return nil
	}
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = property(jsii.String(name))
	}
	return list
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return jsii.String(s)
}
