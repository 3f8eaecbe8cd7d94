package stacks

import (
	"fmt"
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEventBridgePublishesByARoleForItsRulesOnly: to topics and their keys EventBridge does not say for whom it acts, so that no statement
// of theirs may name it: with a condition it loses every message, without one it is a confused deputy.
func TestEventBridgePublishesByARoleForItsRulesOnly(t *testing.T) {
	for name, r := range installations() {
		for _, resource := range append(r.all("AWS::SNS::TopicPolicy"), r.all("AWS::KMS::Key")...) {
			for _, property := range []string{"PolicyDocument", "KeyPolicy"} {
				for _, statement := range statementsOf(resource.properties[property]) {
					assert.NotContains(t, texts(object(statement["Principal"])["Service"]), "events.amazonaws.com", "%s: %s", name, resource.id)
				}
			}
		}
		for _, rule := range r.all("AWS::Events::Rule") {
			for _, target := range list(rule.properties["Targets"]) {
				assert.NotEmpty(t, object(target)["RoleArn"], "%s: %s", name, rule.id)
			}
		}
	}
	notifier := different.role(t, "fleet-notifier")
	assert.Equal(t, map[string]any{
		"StringEquals": map[string]any{"aws:SourceAccount": "111111111111"},
		"ArnEquals": map[string]any{"aws:SourceArn": []any{
			"arn:aws:events:eu-west-1:111111111111:rule/fleet-approval", "arn:aws:events:eu-west-1:111111111111:rule/fleet-failure",
		}},
	}, statementsOf(notifier.properties["AssumeRolePolicyDocument"])[0]["Condition"])
	assert.Equal(t, []string{
		"sns:Publish on NotificationsTopic",
		"kms:Decrypt kms:GenerateDataKey on OperationsKey if map[StringEquals:map[kms:ViaService:sns.eu-west-1.amazonaws.com]]",
	}, permissions(t, notifier))
}

// TestPeopleHearOfEventsThatAreLost holds that each rule has an alarm, and that its message arrives.
func TestPeopleHearOfEventsThatAreLost(t *testing.T) {
	for name, r := range installations() {
		watched := map[string]string{}
		for _, alarm := range r.all("AWS::CloudWatch::Alarm") {
			p := alarm.properties
			assert.Equal(t, "AWS/Events FailedInvocations Sum GreaterThanThreshold 0 notBreaching",
				fmt.Sprint(p["Namespace"], " ", p["MetricName"], " ", p["Statistic"], " ", p["ComparisonOperator"], " ", p["Threshold"], " ", p["TreatMissingData"]), alarm.id)
			assert.Equal(t, []any{map[string]any{"Ref": "NotificationsTopic"}}, p["AlarmActions"], alarm.id)
			dimension := object(list(p["Dimensions"])[0])
			require.Equal(t, "RuleName", dimension["Name"])
			watched[dimension["Value"].(string)] = p["AlarmName"].(string)
		}
		for _, rule := range r.all("AWS::Events::Rule") {
			rule := rule.properties["Name"].(string)
			require.Contains(t, watched, rule, name)
			arn := "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:" + watched[rule]
			for policy, statement := range map[string]map[string]any{
				"topic": statementsOf(r.all("AWS::SNS::TopicPolicy")[0].properties["PolicyDocument"])[0],
				"key":   alarmsPublish(t, r),
			} {
				assert.Equal(t, "cloudwatch.amazonaws.com", object(statement["Principal"])["Service"], policy)
				condition := object(statement["Condition"])
				assert.Equal(t, map[string]any{"aws:SourceAccount": "111111111111"}, condition["StringEquals"], policy)
				matched, err := path.Match(object(condition["ArnLike"])["aws:SourceArn"].(string), arn)
				require.NoError(t, err)
				assert.True(t, matched, "%s of the %s may not publish", arn, policy)
			}
			delete(watched, rule)
		}
		assert.Empty(t, watched, "%s: alarms of rules that are not there", name)
	}
}

// alarmsPublish is the statement by which alarms use the topic's key.
func alarmsPublish(t *testing.T, r rendered) map[string]any {
	t.Helper()
	for _, key := range r.all("AWS::KMS::Key") {
		for _, statement := range statementsOf(key.properties["KeyPolicy"]) {
			if statement["Sid"] == "AlarmsPublish" {
				return statement
			}
		}
	}
	t.Fatal("no key lets alarms publish")
	return nil
}
