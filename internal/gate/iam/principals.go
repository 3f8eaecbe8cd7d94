package iam

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/finding"
)

// deputies are services that act for whoever asks them, and that say for whom: with the page that asks for aws:SourceArn,
// aws:SourceAccount or a key of the organization in policies of resources that name them. Services without such a page are not among
// them, because the condition may never hold.
var deputies = map[string]string{
	"backup":        "https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-service-confused-deputy-prevention.html",
	"budgets":       "https://docs.aws.amazon.com/cost-management/latest/userguide/cross-service-confused-deputy-prevention.html",
	"cloudfront":    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html",
	"cloudtrail":    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cross-service-confused-deputy-prevention.html",
	"codebuild":     "https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html",
	"config":        "https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html",
	"controltower":  "https://docs.aws.amazon.com/controltower/latest/userguide/prevent-confused-deputy.html",
	"costalerts":    "https://docs.aws.amazon.com/cost-management/latest/userguide/cross-service-confused-deputy-prevention.html",
	"delivery.logs": "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html",
	"events":        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html",
	"guardduty":     "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_exportfindings.html",
	"inspector2":    "https://docs.aws.amazon.com/inspector/latest/user/findings-managing-exporting-reports.html",
	"logging.s3":    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html",
	"macie":         "https://docs.aws.amazon.com/macie/latest/user/discovery-results-repository-s3.html",
	"s3":            "https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html",
	"scheduler":     "https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html",
	"ses":           "https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html",
	"sns":           "https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
	"ssm":           "https://docs.aws.amazon.com/systems-manager/latest/userguide/cross-service-confused-deputy-prevention.html",
}

// trusted are the services that say for whom when they take a role: with the page that shows the keys in a role's trust. What a service
// says to a bucket it need not say to a role: CloudTrail cannot take its role for CloudWatch Logs where the trust demands a source
// (github.com/prowler-cloud/prowler/issues/4714).
var trusted = map[string]string{
	"budgets":       "https://docs.aws.amazon.com/cost-management/latest/userguide/cross-service-confused-deputy-prevention.html",
	"codebuild":     "https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html",
	"config":        "https://docs.aws.amazon.com/config/latest/developerguide/iamrole-permissions.html",
	"controltower":  "https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html",
	"ecs-tasks":     "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
	"events":        "https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html",
	"scheduler":     "https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html",
	"ssm":           "https://docs.aws.amazon.com/systems-manager/latest/userguide/cross-service-confused-deputy-prevention.html",
	"states":        "https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html",
	"vpc-flow-logs": "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html",
}

// silent are the types whose policies a service does not tell for whom it acts, with the page or the report that says so: a condition
// loses what it sends. A key is only meant where it is that of a topic; see tells.
var silent = map[string]map[string]string{
	"events": {
		"AWS::SNS::TopicPolicy":       "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions",
		"AWS::SNS::TopicInlinePolicy": "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions",
		"AWS::KMS::Key":               "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services",
		"AWS::KMS::ReplicaKey":        "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services",
	},
	"cloudtrail": {"AWS::IAM::Role": "https://github.com/prowler-cloud/prowler/issues/4714"},
}

// sourceKeys say for whom a service acts. Source: IAM User Guide, "The confused deputy problem".
var sourceKeys = []string{"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}

// callerKeys say who calls, or from where. Source: IAM User Guide, "AWS global condition context keys"; the keys of KMS, STS, S3, SNS
// and EFS in the Service Authorization Reference.
var callerKeys = append([]string{
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip",
	"aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:sourceowner", "aws:userid", "kms:calleraccount", "sts:externalid",
	"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "lambda:functionurlauthtype", "elasticfilesystem:accesspointarn",
}, sourceKeys...)

// judgedElsewhere are the findings of guard rules about public statements, by type: whether these rules look past conditions. What is
// written as text they do not see.
var judgedElsewhere = map[string]bool{
	"AWS::IAM::Role": true, "AWS::S3::BucketPolicy": true,
	"AWS::KMS::Key": false, "AWS::SNS::TopicPolicy": false, "AWS::SQS::QueuePolicy": false, "AWS::SecretsManager::ResourcePolicy": false,
	"AWS::Events::EventBusPolicy": false, "AWS::ECR::Repository": false, "AWS::Backup::BackupVault": false, "AWS::EFS::FileSystem": false,
}

// gateways are types whose policy filters what others allow; everybody is their usual principal.
var gateways = []string{"AWS::EC2::VPCEndpoint"}

// principalFindings judges whom a policy of a resource or a role's trust lets in.
func (p policy) principalFindings(s *config.Settings) []finding.Finding {
	if p.kind != resource && p.kind != trust || slices.Contains(gateways, p.typ) {
		return nil
	}
	var findings []finding.Finding
	for _, st := range statementsOf(p.body) {
		if st.effect != "Allow" || st.notPrincipal {
			continue
		}
		for _, one := range st.principals {
			if v, ok := p.lets(st, one, s); ok {
				findings = append(findings, p.finding(v.rule, p.place(st.index, v.needle), v.message, v.cure))
			}
		}
	}
	return findings
}

// lets judges one principal of one statement.
func (p policy) lets(st statement, one principal, s *config.Settings) (verdict, bool) {
	var v verdict
	bound := bounds(st, callerKeys)
	switch {
	case one.kind == "service" && silent[service(one.value)][p.typ] != "":
		return p.unheard(st, one)
	case one.kind == "service":
		return p.deputy(st, one)
	case one.value == "*" && !bound && !p.judged(st):
		v.needle = "*"
		return v.as("IAM_PRINCIPAL_NOT_PUBLIC", fmt.Sprintf("everybody, in any AWS account, may %s", strings.Join(st.actions, ", ")),
			"name accounts, roles or services under Principal, or demand aws:PrincipalOrgID under Condition"), true
	case one.kind == "aws" && !bound && foreignAccount(one.value, s) && !p.judgedTrust(st, one):
		v.needle = one.value
		return v.as("IAM_OTHER_ACCOUNT_IS_BOUND", fmt.Sprintf("%s, of another account, is let in without a condition", one.value),
			"demand aws:PrincipalOrgID, aws:PrincipalArn or sts:ExternalId under Condition"), true
	}
	return verdict{}, false
}

// deputy judges a service that acts for others.
func (p policy) deputy(st statement, one principal) (verdict, bool) {
	name := service(one.value)
	source, ok := deputies[name]
	if p.kind == trust {
		source, ok = trusted[name]
	}
	if !ok || bounds(st, sourceKeys) || bounds(st, []string{"aws:sourceowner", "kms:calleraccount", "sts:externalid"}) {
		return verdict{}, false
	}
	var v verdict
	v.needle = one.value
	return v.as("IAM_SERVICE_IS_BOUND", fmt.Sprintf("%s does this for any AWS account that asks it: a confused deputy", one.value),
		`add Condition {"StringEquals": {"aws:SourceAccount": ...}} or aws:SourceArn, aws:SourceOrgID; see `+source), true
}

// unheard judges a service that acts for others and does not say for whom.
func (p policy) unheard(st statement, one principal) (verdict, bool) {
	var v verdict
	if !bounds(st, sourceKeys) || p.tells(st) {
		return verdict{}, false
	}
	v.needle = one.value
	return v.as("IAM_SOURCE_IS_SAID", fmt.Sprintf("%s does not say for whom it does this: the condition on aws:Source... never holds, and what the service sends is lost", one.value),
		"let it act by a role of the template where it can, whose trust carries the condition, else drop the condition; see "+silent[service(one.value)][p.typ]), true
}

// tells says whether a key may be for something else than topics: EventBridge names its buses, archives and such to their keys.
// Source: EventBridge User Guide, "Authorizing EventBridge to use a customer managed key".
func (p policy) tells(st statement) bool {
	if !strings.HasPrefix(p.typ, "AWS::KMS::") {
		return false
	}
	bus := slices.ContainsFunc(st.conditions, func(c condition) bool {
		return strings.HasPrefix(c.key, "kms:encryptioncontext:aws:events:") || slices.ContainsFunc(c.values, func(v string) bool { return strings.Contains(v, ":event-bus/") })
	})
	return bus || p.product == nil || !slices.Contains(slices.Collect(maps.Values(types(p.product))), "AWS::SNS::Topic")
}

// region is a part of a service principal that names a region, or the symbol for it.
var region = regexp.MustCompile(`^(\$\{[^}]*\}|[a-z]{2}(-[a-z]+)+-\d)$`)

// service is the name of a service principal without region and suffix: logs of logs.eu-west-1.amazonaws.com.
func service(name string) string {
	name = strings.ToLower(name)
	name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".cn"), ".com"), ".amazonaws")
	return strings.Join(slices.DeleteFunc(strings.Split(name, "."), region.MatchString), ".")
}

// bounds says whether some condition only lets requests through that carry one of some values of one of the keys.
func bounds(st statement, keys []string) bool {
	return slices.ContainsFunc(st.conditions, func(c condition) bool {
		switch {
		case strings.Contains(strings.SplitN(c.key, ":", 2)[0], "."), strings.HasPrefix(c.key, "saml:"): // of an identity provider
			return c.demands() && len(keys) == len(callerKeys)
		case c.operator == "ipaddress":
			return slices.Contains(keys, c.key) && !c.suffixed && !slices.ContainsFunc(c.values, func(v string) bool { return strings.HasSuffix(v, "/0") })
		case c.operator == "bool" && c.key == "aws:principalisawsservice":
			return !c.suffixed && slices.Equal(c.values, []string{"true"}) && len(keys) == len(callerKeys)
		}
		return c.demands() && slices.Contains(keys, c.key)
	})
}

// judged says whether a guard rule has a finding about a public statement.
func (p policy) judged(st statement) bool {
	pastConditions, ok := judgedElsewhere[p.typ]
	return ok && !p.asJSON && (pastConditions || len(st.conditions) == 0)
}

// judgedTrust says whether the guard rule ROLE_TRUSTS_NO_WHOLE_ACCOUNT has one about the principal.
func (p policy) judgedTrust(st statement, one principal) bool {
	return p.kind == trust && !p.asJSON && len(st.conditions) == 0 && (strings.HasSuffix(one.value, ":root") || digits.MatchString(one.value))
}

var digits = regexp.MustCompile(`^\d{12}$`)

// foreignAccount says whether a principal is of an account that is none of the fleet's own, or of one that only a deployment knows.
func foreignAccount(value string, s *config.Settings) bool {
	id := value
	if parts := segments(value); len(parts) == 6 && parts[0] == "arn" {
		id = parts[4]
	}
	if id == "cloudfront" || id == "${AWS::AccountId}" {
		return false
	}
	if !digits.MatchString(id) {
		return symbolic(id) && id != value // ${Role.Arn} is of this template
	}
	return !slices.Contains(append([]string{s.Accounts.Tools, s.Accounts.Test, s.Accounts.Gamma, s.Accounts.Catalog, s.Accounts.Management}, s.Listed()...), id)
}
