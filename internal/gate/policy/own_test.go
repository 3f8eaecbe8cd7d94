package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/launchrole"
	"accountfleet/internal/toolbox"
)

func TestServicesAreThoseThatThePlatformTeamAllows(t *testing.T) {
	for name, want := range map[string]string{
		"AWS::S3::Bucket": "s3", "AWS::Lambda::Function": "lambda", "AWS::AccessAnalyzer::Analyzer": "access-analyzer",
		"AWS::InspectorV2::Filter": "inspector2", "AWS::Macie::Session": "macie2", "AWS::NetworkFirewall::Firewall": "network-firewall",
		"AWS::StepFunctions::StateMachine": "states", "AWS::EMR::Cluster": "elasticmapreduce", "AWS::CloudFormation::Macro": "cloudformation",
	} {
		assert.Equal(t, want, serviceOf(name, config.DefaultAllowedServices()), name)
	}
	catalog := gatetest.Catalog(t, gatetest.Files("sample", `Resources:
  Machine: {Type: AWS::EC2::Instance}
  Project: {Type: AWS::CodeBuild::Project}
  Wait: {Type: AWS::CloudFormation::WaitConditionHandle}
`))
	findings := services(config.DefaultAllowedServices(), catalog.Subjects())
	require.Len(t, findings, 1)
	assert.Equal(t, "Project", findings[0].Resource)
	assert.Equal(t, 3, findings[0].Span.Line)
	assert.Contains(t, findings[0].Cure, "add codebuild to allowed_services")
	assert.Empty(t, services([]string{"ec2", "codebuild"}, catalog.Subjects()))
}

func TestPrefixesAreThoseOfTheServiceAuthorizationReference(t *testing.T) {
	path, err := toolbox.Registry()
	require.NoError(t, err)
	index, err := launchrole.ReadIndex(path)
	require.NoError(t, err)
	segments := map[string]bool{}
	for name := range index.Types {
		segments[segmentOf(name)] = true
	}
	for segment, prefix := range prefixes {
		assert.True(t, segments[segment] || segment == "Elasticsearch" || segment == "CertificateManager", "no type of AWS::%s", segment)
		assert.Contains(t, index.Services, prefix, segment)
	}
}

func TestDynamicReferencesStandWhereTheyHideASecretOrNameAPublicParameter(t *testing.T) {
	for name, row := range map[string]struct{ template, resource string }{
		"a password":             {`Resources: {R: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: "{{resolve:secretsmanager:db:SecretString:password}}"}}}`, ""},
		"an image of AWS":        {`Resources: {R: {Type: AWS::EC2::Instance, Properties: {ImageId: "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/x}}"}}}`, ""},
		"in a tag":               {`Resources: {R: {Type: AWS::SNS::Topic, Properties: {Tags: [{Key: k, Value: "{{resolve:secretsmanager:db}}"}]}}}`, "R"},
		"with text around it":    {`Resources: {R: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: "x{{resolve:secretsmanager:db}}"}}}`, "R"},
		"in an output":           {`{Resources: {R: {Type: AWS::SNS::Topic}}, Outputs: {Password: {Value: "{{resolve:ssm-secure:/db:1}}"}}}`, "Outputs.Password"},
		"in a default":           {`{Resources: {R: {Type: AWS::SNS::Topic}}, Parameters: {P: {Type: String, Default: "{{resolve:ssm:/x}}"}}}`, "Parameters.P"},
		"in pieces":              {`Resources: {R: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Join ["", ["{{res", "olve:secretsmanager:db}}"]]}}}`, "R"},
		"as a key":               {`Resources: {R: {Type: AWS::SNS::Topic, Properties: {"{{resolve:ssm:/x}}": 1}}}`, "R"},
		"in capitals":            {`Resources: {R: {Type: AWS::SNS::Topic, Properties: {DisplayName: "{{Resolve:ssm:/x}}"}}}`, "R"},
		"a parameter of its own": {`{Resources: {R: {Type: AWS::SNS::Topic}}, Parameters: {P: {Type: "AWS::SSM::Parameter::Value<String>", Default: /mine}}}`, "Parameters.P"},
		"a parameter of AWS":     {`{Resources: {R: {Type: AWS::SNS::Topic}}, Parameters: {P: {Type: "AWS::SSM::Parameter::Value<String>", Default: /aws/service/x}}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			catalog := gatetest.Catalog(t, gatetest.Files("sample", row.template))
			subjects, refused, err := prepare(Options{Settings: gatetest.Settings()}, catalog.Subjects())
			require.NoError(t, err)
			require.Empty(t, refused)
			findings, err := references(subjects)
			require.NoError(t, err)
			if row.resource == "" {
				assert.Empty(t, findings)
				return
			}
			require.NotEmpty(t, findings)
			assert.Equal(t, row.resource, findings[0].Resource)
			assert.Positive(t, findings[0].Span.Line)
		})
	}
}
