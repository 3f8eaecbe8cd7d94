package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
)

// NotificationsProps describes who hears of what.
type NotificationsProps struct {
	Settings *config.Settings
	KeyARN   string // key of the topic, which EventBridge may use
}

// Notifications is a topic with its subscribers, and the events that reach it: an approval waits, an execution failed.
type Notifications struct {
	Topic awssns.CfnTopic
}

// NewNotifications creates topic, subscriptions and rules.
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
	rules := []string{s.ToolsARN("events", "rule/"+s.ApprovalRule()), s.ToolsARN("events", "rule/"+s.FailureRule())}
	awssns.NewCfnTopicPolicy(scope, jsii.String(id+"TopicPolicy"), &awssns.CfnTopicPolicyProps{
		Topics: &[]*string{topic.Ref()},
		PolicyDocument: Document(
			Allow("EventBridge", []string{*topic.Ref()}, "sns:Publish").By(Services("events.amazonaws.com")).
				When("ArnEquals", "aws:SourceArn", rules),
			Deny("OnlyEncryptedConnections", []string{*topic.Ref()}, "sns:Publish").By(Everyone).When("Bool", "aws:SecureTransport", "false"),
		),
	})
	newRule(scope, id+"Approval", s.ApprovalRule(), "CodePipeline Action Execution State Change", topic, map[string]any{
		"pipeline": []any{s.PipelineName()},
		"state":    []any{"STARTED"},
		"type":     map[string]any{"category": []any{"Approval"}},
	}, "A publication waits for approval.", s)
	newRule(scope, id+"Failure", s.FailureRule(), "CodePipeline Pipeline Execution State Change", topic, map[string]any{
		"pipeline": []any{s.PipelineName()},
		"state":    []any{"FAILED"},
	}, "The pipeline failed.", s)
	return &Notifications{Topic: topic}
}

// newRule sends a readable sentence, with the execution and where to look, when an event of the pipeline matches detail.
func newRule(scope constructs.Construct, id, name, detailType string, topic awssns.CfnTopic, detail map[string]any, sentence string, s *config.Settings) {
	console := fmt.Sprintf("https://%s.console.aws.amazon.com/codesuite/codepipeline/pipelines/%s/view?region=%s",
		s.Regions.Home, s.PipelineName(), s.Regions.Home)
	awsevents.NewCfnRule(scope, jsii.String(id+"Rule"), &awsevents.CfnRuleProps{
		Name:        jsii.String(name),
		Description: jsii.String(sentence),
		EventPattern: map[string]any{
			"source":      []any{"aws.codepipeline"},
			"detail-type": []any{detailType},
			"detail":      detail,
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("people"), Arn: topic.Ref(),
			InputTransformer: &awsevents.CfnRule_InputTransformerProperty{
				InputPathsMap: map[string]any{"execution": "$.detail.execution-id", "time": "$.time"},
				InputTemplate: jsii.String(fmt.Sprintf("%q", sentence+" Execution <execution>, <time>. "+console)),
			},
		}},
	})
}
