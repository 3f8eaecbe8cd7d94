package iam

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// letIn lists the rules about principals that a template breaks, without asking parliament.
func letIn(t *testing.T, template string) []string {
	t.Helper()
	catalog := gatetest.Catalog(t, gatetest.Files("sample", template))
	subjects, mistakes := forms(&catalog.Products[0], gatetest.Settings())
	require.Empty(t, mistakes)
	found := []string{}
	for _, p := range distinct(subjects) {
		for _, f := range p.principalFindings(gatetest.Settings()) {
			found = append(found, f.Rule)
		}
	}
	return found
}

func TestWhomAPolicyLetsIn(t *testing.T) {
	const (
		public, account, service = "IAM_PRINCIPAL_NOT_PUBLIC", "IAM_OTHER_ACCOUNT_IS_BOUND", "IAM_SERVICE_IS_BOUND"
		unheard                  = "IAM_SOURCE_IS_SAID"
		byAccount                = `, Condition: {StringEquals: {"aws:SourceAccount": "222222222222"}}`
		head                     = "Resources:\n"
	)
	put := func(principal, condition string) string {
		return onBucket(`{Effect: Allow, Principal: ` + principal + `, Action: s3:PutObject, Resource: !Sub "${B.Arn}/*"` + condition + `}`)
	}
	queue := func(principal, condition string) string {
		return "Resources:\n  Q: {Type: AWS::SQS::Queue}\n  P:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n      Queues: [!Ref Q]\n      PolicyDocument: {Version: \"2012-10-17\", Statement: [" +
			`{Effect: Allow, Principal: ` + principal + `, Action: sqs:SendMessage, Resource: !GetAtt Q.Arn` + condition + "}]}\n"
	}
	topic := func(principal, condition string) string {
		return head + "  T: {Type: AWS::SNS::Topic}\n  P:\n    Type: AWS::SNS::TopicPolicy\n    Properties:\n      Topics: [!Ref T]\n      PolicyDocument: {Version: \"2012-10-17\", Statement: [" +
			`{Effect: Allow, Principal: ` + principal + `, Action: sns:Publish, Resource: !Ref T` + condition + "}]}\n"
	}
	key := func(principal, condition string) string {
		return head + "  K:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy: {Version: \"2012-10-17\", Statement: [" +
			`{Effect: Allow, Principal: ` + principal + `, Action: "kms:GenerateDataKey*", Resource: "*"` + condition + "}]}\n"
	}
	const anAlarm = "  T: {Type: AWS::SNS::Topic}\n"
	trusting := func(principal, condition string) string {
		return head + role("", `{Effect: Allow, Principal: `+principal+`, Action: sts:AssumeRole`+condition+`}`)
	}
	for name, row := range map[string]struct {
		template string
		want     []string
	}{
		"everybody, whom a guard rule finds":      {put(`"*"`, ""), []string{}},
		"everybody by TLS":                        {queue(`"*"`, `, Condition: {Bool: {"aws:SecureTransport": "true"}}`), []string{public}},
		"everybody in a list":                     {queue(`{AWS: ["*"]}`, `, Condition: {StringLike: {"aws:PrincipalOrgID": "*"}}`), []string{public}},
		"everybody but a few":                     {queue(`"*"`, `, Condition: {StringNotEquals: {"aws:PrincipalOrgID": o-x}}`), []string{public}},
		"everybody if the key is there":           {queue(`"*"`, `, Condition: {StringEqualsIfExists: {"aws:PrincipalOrgID": o-x}}`), []string{public}},
		"everybody from anywhere":                 {queue(`"*"`, `, Condition: {IpAddress: {"aws:SourceIp": [192.0.2.0/24, 0.0.0.0/0]}}`), []string{public}},
		"everybody from the office":               {queue(`"*"`, `, Condition: {IpAddress: {"aws:SourceIp": 192.0.2.0/24}}`), []string{}},
		"everybody of the organization":           {queue(`"*"`, `, Condition: {StringEquals: {"aws:PrincipalOrgID": o-x}}`), []string{}},
		"a type that no guard rule knows":         {head + "  C:\n    Type: AWS::CodeArtifact::Domain\n    Properties: {DomainName: abc, PermissionsPolicyDocument: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Principal: \"*\", Action: \"codeartifact:GetAuthorizationToken\", Resource: \"*\"}]}}\n", []string{public}},
		"another account":                         {put(`{AWS: "999999999999"}`, ""), []string{account}},
		"a role of another account":               {put(`{AWS: "arn:aws:iam::999999999999:role/x"}`, ""), []string{account}},
		"another account of the organization":     {put(`{AWS: "999999999999"}`, `, Condition: {StringEquals: {"aws:PrincipalOrgID": o-x}}`), []string{}},
		"an account of the fleet":                 {put(`{AWS: "555555555555"}`, ""), []string{}},
		"its own account":                         {put(`{AWS: !Ref AWS::AccountId}`, ""), []string{}},
		"an account that nobody knows yet":        {put(`{AWS: !Sub ["arn:aws:iam::${A}:root", {A: !ImportValue x}]}`, ""), []string{account}},
		"a trusted account, by a guard rule":      {trusting(`{AWS: "arn:aws:iam::999999999999:root"}`, ""), []string{}},
		"a trusted account with a weak condition": {trusting(`{AWS: "arn:aws:iam::999999999999:root"}`, `, Condition: {Bool: {"aws:MultiFactorAuthPresent": "true"}}`), []string{account}},
		"a trusted role elsewhere":                {trusting(`{AWS: "arn:aws:iam::999999999999:role/x"}`, ""), []string{account}},
		"with an external id":                     {trusting(`{AWS: "arn:aws:iam::999999999999:role/x"}`, `, Condition: {StringEquals: {"sts:ExternalId": secretless}}`), []string{}},
		"a service":                               {put(`{Service: cloudtrail.amazonaws.com}`, ""), []string{service}},
		"a service of a region":                   {put(`{Service: !Sub "delivery.logs.${AWS::Region}.amazonaws.com"}`, ""), []string{service}},
		"a service for an account":                {put(`{Service: cloudtrail.amazonaws.com}`, `, Condition: {StringEquals: {"AWS:SourceAccount": "222222222222"}}`), []string{}},
		"a service for a trail":                   {put(`{Service: cloudtrail.amazonaws.com}`, `, Condition: {ArnLike: {"aws:SourceArn": "arn:aws:cloudtrail:*:222222222222:trail/*"}}`), []string{}},
		"a service for an organization":           {put(`{Service: cloudtrail.amazonaws.com}`, `, Condition: {StringEquals: {"aws:SourceOrgID": o-x}}`), []string{}},
		"a service for anything":                  {put(`{Service: cloudtrail.amazonaws.com}`, `, Condition: {ArnLike: {"aws:SourceArn": "*"}}`), []string{service}},
		"two services":                            {put(`{Service: [cloudtrail.amazonaws.com, config.amazonaws.com]}`, ""), []string{service, service}},
		"a trusted service":                       {trusting(`{Service: scheduler.amazonaws.com}`, ""), []string{service}},
		"a service that tells roles nothing":      {trusting(`{Service: cloudtrail.amazonaws.com}`, ""), []string{}},
		"a service that tells roles only":         {put(`{Service: states.amazonaws.com}`, "") + strings.TrimPrefix(trusting(`{Service: states.amazonaws.com}`, ""), head), []string{service}},
		"EventBridge and a queue":                 {queue(`{Service: events.amazonaws.com}`, ""), []string{service}},
		"EventBridge and a topic":                 {topic(`{Service: events.amazonaws.com}`, ""), []string{}},
		"another service and a topic":             {topic(`{Service: budgets.amazonaws.com}`, ""), []string{service}},
		"EventBridge and the key of a topic":      {key(`{Service: events.amazonaws.com}`, ""), []string{}},
		"another service and a key":               {key(`{Service: cloudtrail.amazonaws.com}`, ""), []string{service}},
		"EventBridge, a topic and a source":       {topic(`{Service: events.amazonaws.com}`, `, Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:*:222222222222:rule/*"}}`), []string{unheard}},
		"EventBridge, a topic, if it says":        {topic(`{Service: events.amazonaws.com}`, `, Condition: {StringEqualsIfExists: {"aws:SourceAccount": "222222222222"}}`), []string{}},
		"two services, a topic and a source":      {topic(`{Service: [cloudwatch.amazonaws.com, events.amazonaws.com]}`, byAccount), []string{unheard}},
		"EventBridge, a topic's key and a source": {key(`{Service: events.amazonaws.com}`, byAccount) + anAlarm, []string{unheard}},
		"EventBridge, another key and a source":   {key(`{Service: events.amazonaws.com}`, byAccount), []string{}},
		"EventBridge and the key of a bus":        {key(`{Service: events.amazonaws.com}`, `, Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:eu-west-1:222222222222:event-bus/b"}}`) + anAlarm, []string{}},
		"CloudWatch, a topic and a source":        {topic(`{Service: cloudwatch.amazonaws.com}`, byAccount), []string{}},
		"EventBridge, a role and a source":        {trusting(`{Service: events.amazonaws.com}`, byAccount), []string{}},
		"CloudTrail, a role and a source":         {trusting(`{Service: cloudtrail.amazonaws.com}`, byAccount), []string{unheard}},
		"a service that says nothing":             {trusting(`{Service: ec2.amazonaws.com}`, ""), []string{}},
		"a denial":                                {onBucket(`{Effect: Deny, Principal: "*", Action: "s3:*", Resource: !GetAtt B.Arn}`), []string{}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, row.want, letIn(t, row.template)) })
	}
}
