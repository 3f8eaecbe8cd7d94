package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

func TestTheTemplateOfAStackSetIsJudgedLikeAProduct(t *testing.T) {
	files := gatetest.Files("parent", `Resources:
  Everywhere:
    Type: AWS::CloudFormation::StackSet
    Properties: {StackSetName: everywhere, PermissionModel: SERVICE_MANAGED, TemplateURL: stack-sets/open.yaml}
`)
	files["products/parent/stack-sets/open.yaml"] = `Resources:
  Topic: {Type: AWS::SNS::Topic}
  Person:
    Type: AWS::IAM::User
`
	catalog := gatetest.Catalog(t, files)
	subjects, findings, err := prepare(Options{Settings: gatetest.Settings()}, catalog.Subjects())
	require.NoError(t, err)
	require.Empty(t, findings)
	var ids []string
	for _, s := range subjects {
		ids = append(ids, s.product.ID)
	}
	assert.Contains(t, ids, "parent/stack-sets/open")
	found := locate("NO_USER_AND_NO_ACCESS_KEY", clause{pointer: "/Resources/Person/Type"}, subjects[len(subjects)-1])
	assert.Equal(t, "products/parent/stack-sets/open.yaml", found.File)
	assert.Equal(t, 4, found.Span.Line)
}
