package iam

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/manifest"
)

// ways lists the escalations of a template, without asking parliament.
func ways(t *testing.T, template string) []string {
	t.Helper()
	catalog := gatetest.Catalog(t, gatetest.Files("sample", template))
	return waysOf(t, &catalog.Products[0])
}

func waysOf(t *testing.T, p *manifest.Product) []string {
	t.Helper()
	subjects, mistakes := forms(p, gatetest.Settings())
	require.Empty(t, mistakes)
	found := []string{}
	for _, c := range subjects {
		for _, f := range once(c.escalations()) {
			found = append(found, strings.TrimPrefix(f.Rule, Prefix+"ESCALATES_BY_"))
		}
	}
	return found
}

func quoted(actions []string) string { return `["` + strings.Join(actions, `", "`) + `"]` }

func TestEveryPathIsFoundAndGoesAwayWhenItIsLimited(t *testing.T) {
	assert.GreaterOrEqual(t, len(paths), 40)
	names := map[string]bool{}
	for _, way := range paths {
		t.Run(way.name, func(t *testing.T) {
			assert.False(t, names[way.name], "another path has this name")
			names[way.name] = true
			assert.Contains(t, ways(t, allowing(`{Effect: Allow, Action: `+quoted(way.actions)+`, Resource: "*"}`)), way.name)
			assert.Empty(t, ways(t, allowing(`{Effect: Deny, Action: `+quoted(way.actions)+`, Resource: "*"}`)))
			rest := ""
			if len(way.actions) > 1 {
				rest = `{Effect: Allow, Action: ` + quoted(way.actions[1:]) + `, Resource: "*"}`
			}
			limit := `{"aws:ResourceTag/team": mine}`
			if way.service != "" {
				limit = `{"iam:PassedToService": config.amazonaws.com}`
			}
			for _, limited := range []string{
				`{Effect: Allow, Action: "` + way.actions[0] + `", Resource: "arn:aws:x:eu-west-1:222222222222:kind/named"}`,
				`{Effect: Allow, Action: "` + way.actions[0] + `", Resource: "*", Condition: {StringEquals: ` + limit + `}}`,
			} {
				statements := []string{limited}
				if rest != "" {
					statements = append(statements, rest)
				}
				assert.NotContains(t, ways(t, allowing(statements...)), way.name, limited)
			}
		})
	}
}

// What the sources describe is listed apart from the paths, so that none of them is lost.
func TestWaysOfTheSourcesAreFound(t *testing.T) {
	body, err := os.ReadFile("testdata/ways.txt")
	require.NoError(t, err)
	described := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		require.Greater(t, len(words), 2, line)
		described[words[1]] = true
		t.Run(words[0]+" "+words[1], func(t *testing.T) {
			assert.Contains(t, ways(t, allowing(`{Effect: Allow, Action: `+quoted(words[2:])+`, Resource: "*"}`)), words[1])
		})
	}
	for _, way := range paths {
		assert.True(t, described[way.name], "%s is described by no source in testdata/ways.txt", way.name)
		assert.Regexp(t, "^https://", way.source, way.name)
		assert.Contains(t, Explain(way.rule()), way.source)
	}
}

func TestEscalationReadsTheUnionOfARolesPolicies(t *testing.T) {
	const trusts = `{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}`
	pass := `{Effect: Allow, Action: iam:PassRole, Resource: "*"}`
	create := `{Effect: Allow, Action: lambda:CreateFunction, Resource: "*"}`
	inline := func(statement string) string {
		return "      Policies: [{PolicyName: p, PolicyDocument: {Version: \"2012-10-17\", Statement: [" + statement + "]}}]\n"
	}
	other := func(typ, properties, statement string) string {
		return fmt.Sprintf("  O:\n    Type: %s\n    Properties: {%s, PolicyDocument: {Version: \"2012-10-17\", Statement: [%s]}}\n", typ, properties, statement)
	}
	const head = "Resources:\n"
	for name, row := range map[string]struct {
		template string
		want     []string
	}{
		"one policy":                   {head + role(inline(pass+", "+create), trusts), []string{"FUNCTION"}},
		"half of it":                   {head + role(inline(pass), trusts), []string{}},
		"a policy that names the role": {head + role(inline(pass), trusts) + other("AWS::IAM::Policy", "PolicyName: p, Roles: [!Ref R]", create), []string{"FUNCTION"}},
		"by its name":                  {head + role("      RoleName: r\n"+inline(pass), trusts) + other("AWS::IAM::RolePolicy", "PolicyName: p, RoleName: r", create), []string{"FUNCTION"}},
		"a managed policy of the role": {head + role("      ManagedPolicyArns: [!Ref O]\n"+inline(pass), trusts) + other("AWS::IAM::ManagedPolicy", "Description: d", create), []string{"FUNCTION"}},
		"a policy of somebody else":    {head + role(inline(pass), trusts) + other("AWS::IAM::ManagedPolicy", "Description: d", create), []string{}},
		"denied elsewhere":             {head + role(inline(pass+", "+create), trusts) + other("AWS::IAM::Policy", "PolicyName: p, Roles: [!Ref R]", `{Effect: Deny, Action: "iam:*", Resource: "*"}`), []string{}},
		"a boundary without it":        {head + role("      PermissionsBoundary: !Ref O\n"+inline(pass+", "+create), trusts) + other("AWS::IAM::ManagedPolicy", "Description: d", reading), []string{}},
		"its own policy":               {head + role(inline(`{Effect: Allow, Action: iam:PutRolePolicy, Resource: !Sub "arn:aws:iam::${AWS::AccountId}:role/me"}`)+"      RoleName: me\n", trusts), []string{"WRITING_ROLE_POLICY"}},
		"a version of its own policy":  {head + role("      ManagedPolicyArns: [!Ref O]\n", trusts) + other("AWS::IAM::ManagedPolicy", "Description: d", `{Effect: Allow, Action: iam:CreatePolicyVersion, Resource: "arn:aws:iam::*:policy/*"}`), []string{"NEW_POLICY_VERSION"}},
		"bounded roles only":           {head + role(inline(`{Effect: Allow, Action: iam:PutRolePolicy, Resource: "*", Condition: {StringEquals: {"iam:PermissionsBoundary": "arn:aws:iam::222222222222:policy/b"}}}`), trusts), []string{}},
		"unless there is a boundary":   {head + role(inline(`{Effect: Allow, Action: iam:PutRolePolicy, Resource: "*"}, {Effect: Deny, Action: iam:PutRolePolicy, Resource: "*", Condition: {StringNotEquals: {"iam:PermissionsBoundary": "arn:aws:iam::222222222222:policy/b"}}}`), trusts), []string{}},
		"a condition that limits not":  {head + role(inline(`{Effect: Allow, Action: iam:PutRolePolicy, Resource: "*", Condition: {Bool: {"aws:SecureTransport": "true"}}}`), trusts), []string{"WRITING_ROLE_POLICY"}},
		"a boundary if there is one":   {head + role(inline(`{Effect: Allow, Action: iam:PutRolePolicy, Resource: "*", Condition: {StringEqualsIfExists: {"iam:PermissionsBoundary": "b"}}}`), trusts), []string{"WRITING_ROLE_POLICY"}},
		"the service that takes it":    {head + role(inline(create+`, {Effect: Allow, Action: iam:PassRole, Resource: "*", Condition: {StringLike: {"iam:PassedToService": "lambda.*"}}}`), trusts), []string{"FUNCTION"}},
		"patterns of actions":          {head + role(inline(`{Effect: Allow, Action: ["IAM:pass*", "lambda:Create?unction"], Resource: "*"}`), trusts), []string{"FUNCTION"}},
		"everything but a list":        {head + role(inline(`{Effect: Allow, NotAction: ["iam:*", "sso:*"], Resource: "arn:aws:lambda:eu-west-1:222222222222:function:named"}`), trusts), []string{}},
		"everything but a resource":    {head + role(inline(`{Effect: Allow, Action: lambda:UpdateFunctionCode, NotResource: "arn:aws:lambda:eu-west-1:222222222222:function:x"}`), trusts), []string{"FUNCTION_CODE"}},
		"a reader's permission set":    {head + "  S:\n    Type: AWS::SSO::PermissionSet\n    Properties: {InstanceArn: \"arn:aws:sso:::instance/ssoins-0123456789abcdef\", Name: n, PermissionsBoundary: {ManagedPolicyArn: \"arn:aws:iam::aws:policy/SecurityAudit\"}, InlinePolicy: {Version: \"2012-10-17\", Statement: [" + pass + ", " + create + "]}}\n", []string{}},
		"a permission set":             {head + "  S:\n    Type: AWS::SSO::PermissionSet\n    Properties: {InstanceArn: \"arn:aws:sso:::instance/ssoins-0123456789abcdef\", Name: n, InlinePolicy: {Version: \"2012-10-17\", Statement: [" + pass + ", " + create + "]}}\n", []string{"FUNCTION"}},
		"a path of names":              {head + role(inline(create+`, {Effect: Allow, Action: iam:PassRole, Resource: !Sub "arn:aws:iam::${AWS::AccountId}:role/app-*"}`), trusts), []string{}},
		"every role of the account":    {head + role(inline(create+`, {Effect: Allow, Action: iam:PassRole, Resource: !Sub "arn:aws:iam::${AWS::AccountId}:role/*"}`), trusts), []string{"FUNCTION"}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, row.want, ways(t, row.template)) })
	}
}
