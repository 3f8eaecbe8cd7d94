package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
)

// NotificationsProps describes who hears of what.
type NotificationsProps struct {
	Settings *config.Settings
	KeyARN   string // key of the topic
}

// Notifications is a topic with its subscribers, and the events that reach it: an approval waits, an execution failed. Alarms reach it too.
type Notifications struct {
	Topic     awssns.CfnTopic
	Rules     []awsevents.CfnRule
	publisher *Role
}

// NewNotifications creates topic, subscriptions, rules, and their alarms.
func NewNotifications(scope constructs.Construct, id string, props NotificationsProps) *Notifications {
	s := props.Settings
	topic := awssns.NewCfnTopic(scope, jsii.String(id+"Topic"), &awssns.CfnTopicProps{
		TopicName: jsii.String(s.NotificationTopic()), DisplayName: jsii.String("Account fleet"), KmsMasterKeyId: jsii.String(props.KeyARN),
	})
	for _, email := range s.Notifications.Emails {
		awssns.NewCfnSubscription(scope, jsii.String(id+"Email"+fingerprint(email)), &awssns.CfnSubscriptionProps{
			TopicArn: topic.Ref(), Protocol: jsii.String("email"), Endpoint: jsii.String(email),
		})
	}
	awssns.NewCfnTopicPolicy(scope, jsii.String(id+"TopicPolicy"), &awssns.CfnTopicPolicyProps{
		Topics: &[]*string{topic.Ref()},
		PolicyDocument: Document(
			Allow("Alarms", []string{*topic.Ref()}, "sns:Publish").By(Services("cloudwatch.amazonaws.com")).
				When("StringEquals", "aws:SourceAccount", s.Accounts.Tools).When("ArnLike", "aws:SourceArn", DeliveryAlarms(s)),
			Deny("OnlyEncryptedConnections", []string{*topic.Ref()}, "sns:Publish").By(Everyone).When("Bool", "aws:SecureTransport", "false"),
		),
	})
	n := &Notifications{Topic: topic, publisher: newPublisher(scope, id+"Publisher", *topic.Ref(), props)}
	newRule(scope, id+"Approval", s.ApprovalRule(), "CodePipeline Action Execution State Change", n, map[string]any{
		"pipeline": []any{s.PipelineName()},
		"state":    []any{"STARTED"},
		"type":     map[string]any{"category": []any{"Approval"}},
	}, "A publication waits for approval.", s)
	newRule(scope, id+"Failure", s.FailureRule(), "CodePipeline Pipeline Execution State Change", n, map[string]any{
		"pipeline": []any{s.PipelineName()},
		"state":    []any{"FAILED"},
	}, "The pipeline failed.", s)
	n.Watch(scope, id+"Approval", s.ApprovalRule())
	n.Watch(scope, id+"Failure", s.FailureRule())
	return n
}

// newPublisher creates the role by which EventBridge publishes. To a topic's policy EventBridge does not say for whom it acts, nor to the
// topic's key, so that there a condition on aws:SourceArn would lose every message, and a statement without one would admit it on behalf of
// whoever asks. To a role's trust it does say.
// Source: EventBridge user guide, "Using resource-based policies" (SNS takes an execution role or a policy, and a policy takes no
// conditions) and "Cross-service confused deputy prevention"; SNS developer guide, "Key management".
func newPublisher(scope constructs.Construct, id, topic string, props NotificationsProps) *Role {
	s := props.Settings
	rules := []string{s.ToolsARN("events", "rule/"+s.ApprovalRule()), s.ToolsARN("events", "rule/"+s.FailureRule())}
	return NewRole(scope, id, RoleProps{
		Name: s.NotifierRole(), Description: "EventBridge, to tell people that an approval waits or the pipeline failed",
		Trust: []Statement{TrustService("events.amazonaws.com", s.Accounts.Tools).When("ArnEquals", "aws:SourceArn", rules)},
		Policy: []Statement{
			Allow("Publish", []string{topic}, "sns:Publish"),
			Allow("Encrypt", []string{props.KeyARN}, "kms:Decrypt", "kms:GenerateDataKey").
				When("StringEquals", "kms:ViaService", "sns."+s.Regions.Home+".amazonaws.com"),
		},
	})
}

// Watch tells people when EventBridge could not do what a rule wants and will not try again: otherwise the event is lost unseen. A start
// that CodeBuild refuses because the project runs already is such a case. CloudWatch gets these numbers late, which five minutes allow for, and not for certain.
// Source: EventBridge user guide, "Monitoring Amazon EventBridge".
func (n *Notifications) Watch(scope constructs.Construct, id, rule string) {
	awscloudwatch.NewCfnAlarm(scope, jsii.String(id+"Alarm"), &awscloudwatch.CfnAlarmProps{
		AlarmName:        jsii.String(config.DeliveryAlarm(rule)),
		AlarmDescription: jsii.String("EventBridge could not do what rule " + rule + " wants, and does not try again: send the event again, or do it by hand"),
		Namespace:        jsii.String("AWS/Events"), MetricName: jsii.String("FailedInvocations"), Statistic: jsii.String("Sum"),
		Dimensions: []any{&awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String("RuleName"), Value: jsii.String(rule)}},
		Period:     jsii.Number(300), EvaluationPeriods: jsii.Number(1), Threshold: jsii.Number(0),
		ComparisonOperator: jsii.String("GreaterThanThreshold"), TreatMissingData: jsii.String("notBreaching"),
		AlarmActions: &[]any{n.Topic.Ref()},
	})
}

// DeliveryAlarms is the pattern of the ARNs of such alarms.
func DeliveryAlarms(s *config.Settings) string {
	return s.ToolsARN("cloudwatch", "alarm:"+config.DeliveryAlarm(s.Name+"-*"))
}

// newRule sends a readable sentence, with the execution and where to look, when an event of the pipeline matches detail.
func newRule(scope constructs.Construct, id, name, detailType string, n *Notifications, detail map[string]any, sentence string, s *config.Settings) {
	console := fmt.Sprintf("https://%s.console.aws.amazon.com/codesuite/codepipeline/pipelines/%s/view?region=%s",
		s.Regions.Home, s.PipelineName(), s.Regions.Home)
	n.Rules = append(n.Rules, awsevents.NewCfnRule(scope, jsii.String(id+"Rule"), &awsevents.CfnRuleProps{
		Name:        jsii.String(name),
		Description: jsii.String(sentence),
		EventPattern: map[string]any{
			"source":      []any{"aws.codepipeline"},
			"detail-type": []any{detailType},
			"detail":      detail,
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("people"), Arn: n.Topic.Ref(), RoleArn: jsii.String(n.publisher.ARN()),
			InputTransformer: &awsevents.CfnRule_InputTransformerProperty{
				InputPathsMap: map[string]any{"execution": "$.detail.execution-id", "time": "$.time"},
				InputTemplate: jsii.String(fmt.Sprintf("%q", sentence+" Execution <execution>, <time>. "+console)),
			},
		}},
	}))
}
