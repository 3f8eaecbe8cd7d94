package iam

import (
	"fmt"
	"slices"
	"strings"
)

// about is what is to be known of a rule.
type about struct{ rule, why, how, before, after, source string }

const userGuide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"

// rules are those of this gate, beside the paths to more privileges.
var rules = []about{
	{"IAM_POLICY_READABLE", "what a policy allows must be known before anybody launches it; one that a parameter or an import brings could be any",
		"write the policy into the template; let parameters stand inside it only", `PolicyDocument: !Ref Policy`,
		`PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: s3:GetObject, Resource: !Sub "${Bucket.Arn}/*"}]}`, userGuide + "reference_policies_grammar.html"},
	{"IAM_TEMPLATE_UNRESOLVED", "an intrinsic that cannot be followed may hide a policy", "mend what the finding names", `!If [NoSuchCondition, ..., ...]`, `!If [Public, ..., ...]`,
		"https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html"},
	{"IAM_POLICY_WELL_FORMED", "IAM refuses a policy that does not follow its grammar, in the middle of a launch", "spell the elements as the grammar does", `effect: Allow`, `Effect: Allow`,
		userGuide + "reference_policies_grammar.html"},
	{"IAM_POLICY_VERSION", "without its version, a policy is read by the rules of 2008, where ${aws:username} is four words and no variable", "write the version",
		`{Statement: [...]}`, `{Version: "2012-10-17", Statement: [...]}`, userGuide + "reference_policies_elements_version.html"},
	{"IAM_STATEMENT_IDS_DIFFER", "IAM refuses two statements with one Sid", "give each a Sid of its own", `Sid: Read (twice)`, `Sid: Read, Sid: Write`, userGuide + "reference_policies_elements_sid.html"},
	{"IAM_STATEMENT_ID_PLAIN", "IAM refuses a Sid with other characters than letters and digits", "leave them out", `Sid: read-logs`, `Sid: ReadLogs`, userGuide + "reference_policies_elements_sid.html"},
	{"IAM_ACTION_EXISTS", "a misspelt action allows nothing, and a Deny of it denies nothing", "correct the spelling", `Action: s3:GetObjects`, `Action: s3:GetObject`,
		"https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"},
	{"IAM_RESOURCE_IS_ARN", "a resource that is no ARN is refused or matches nothing", "write the ARN", `Resource: my-bucket`, `Resource: !GetAtt Bucket.Arn`, userGuide + "reference_policies_elements_resource.html"},
	{"IAM_RESOURCE_FITS_ACTION", "an action on a resource of another kind is never allowed: s3:GetObject is about objects, not buckets", "name a resource of the right kind",
		`{Action: s3:GetObject, Resource: !GetAtt Bucket.Arn}`, `{Action: s3:GetObject, Resource: !Sub "${Bucket.Arn}/*"}`,
		"https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"},
	{"IAM_CONDITION_OPERATOR_EXISTS", "IAM refuses an operator that it does not know", "use one that it knows", `StringsEqual: {...}`, `StringEquals: {...}`,
		userGuide + "reference_policies_elements_condition_operators.html"},
	{"IAM_CONDITION_KEY_EXISTS", "a request that does not carry a key fulfils no condition on it, and every condition by Not", "use a key that the action's requests carry",
		`{Action: s3:PutObject, Condition: {StringEquals: {ec2:Region: eu-west-1}}}`, `{Action: s3:PutObject, Condition: {StringEquals: {aws:RequestedRegion: eu-west-1}}}`,
		"https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"},
	{"IAM_CONDITION_VALUE_FITS", "a value of another type than the key's is never equal to it", "compare with a value of the key's type", `IpAddress: {"aws:SourceIp": office}`,
		`IpAddress: {"aws:SourceIp": 192.0.2.0/24}`, userGuide + "reference_policies_elements_condition_operators.html"},
	{"IAM_CONDITION_ARN_OPERATOR", "StringEquals takes * literally, so the condition never holds", "use ArnLike or StringLike", `StringEquals: {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}`,
		`ArnLike: {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}`, userGuide + "reference_policies_elements_condition_operators.html"},
	{"IAM_CONDITION_SINGLE_VALUE", "ForAllValues holds for a request that does not carry the key, so the Allow is for everybody", "leave it out for keys of one value",
		`"ForAllValues:StringEquals": {"aws:PrincipalOrgID": o-...}`, `StringEquals: {"aws:PrincipalOrgID": o-...}`, userGuide + "reference_policies_condition-single-vs-multi-valued-context-keys.html"},
	{"IAM_MFA_IS_DEMANDED", "a request with an access key carries no key for MFA, so a condition that it is false does not see it", "deny by BoolIfExists",
		`Bool: {"aws:MultiFactorAuthPresent": "false"}`, `BoolIfExists: {"aws:MultiFactorAuthPresent": "false"}`, userGuide + "reference_policies_condition-keys.html"},
	{"IAM_PRINCIPAL_EXISTS", "IAM refuses a principal that it does not know", "name an account, a role or a service", `Principal: {AWS: administrators}`,
		`Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/administrators"}`, userGuide + "reference_policies_elements_principal.html"},
	{"IAM_NO_NOTPRINCIPAL_ALLOWED", "everybody but those named is let in, also who has no account", "name who may, under Principal", `NotPrincipal: {AWS: "111111111111"}`,
		`Principal: {AWS: "222222222222"}`, userGuide + "reference_policies_elements_notprincipal.html"},
	{"IAM_PRINCIPAL_NOT_PUBLIC", "everybody in any account is let in; a condition such as aws:SecureTransport does not say who", "name who may, or demand the organization",
		`{Principal: "*", Condition: {Bool: {"aws:SecureTransport": "true"}}}`, `{Principal: "*", Condition: {StringEquals: {"aws:PrincipalOrgID": !Ref OrganizationId}}}`,
		userGuide + "reference_policies_elements_principal.html#principal-anonymous"},
	{"IAM_OTHER_ACCOUNT_IS_BOUND", "who controls the other account decides who gets in", "demand the organization, a principal or an external id",
		`Principal: {AWS: "999999999999"}`, `{Principal: {AWS: "999999999999"}, Condition: {StringEquals: {"aws:PrincipalOrgID": o-...}}}`, userGuide + "id_roles_common-scenarios_third-party.html"},
	{"IAM_SERVICE_IS_BOUND", "the service does it for any account that asks: a confused deputy", "say for whom", `Principal: {Service: cloudtrail.amazonaws.com}`,
		`{Principal: {Service: cloudtrail.amazonaws.com}, Condition: {StringEquals: {"aws:SourceAccount": !Ref AWS::AccountId}}}`, userGuide + "confused-deputy.html"},
	{"IAM_SOURCE_IS_SAID", "the service does not say here for whom it acts, so that the condition never holds and what it sends is lost unseen", "let it act by a role, whose trust it tells, or drop the condition",
		`{Principal: {Service: events.amazonaws.com}, Action: sns:Publish, Condition: {ArnEquals: {"aws:SourceArn": !GetAtt Rule.Arn}}}`,
		`Targets: [{Id: people, Arn: !Ref Topic, RoleArn: !GetAtt Publisher.Arn}]`, "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"},
	{"IAM_BUCKET_POLICY_GRANTS", "whoever writes a bucket's policy gives himself its objects", "let him write the policy only who may also have the objects", `Action: s3:PutBucketPolicy`,
		`Action: [s3:PutBucketPolicy, s3:PutObject, s3:GetObject, s3:DeleteObject]`, "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"},
	{"IAM_ESCALATES_BY_MANY", "so many ways lead from these permissions to any other that they are those of an administrator", "name actions and resources",
		`{Action: "*", Resource: "*"}`, `{Action: s3:GetObject, Resource: !Sub "${Bucket.Arn}/*"}`, userGuide + "best-practices.html"},
	{"IAM_ACCESS_ANALYZER", "IAM Access Analyzer, which runs on AWS only, found what it calls an error or a security warning", "do what it says; the finding holds its page",
		`see the finding`, `see the finding`, userGuide + "access-analyzer-reference-policy-checks.html"},
}

// Names are the rules of the gate.
func Names() []string {
	var names []string
	for _, r := range rules {
		names = append(names, r.rule)
	}
	for _, p := range paths {
		names = append(names, p.rule())
	}
	return names
}

// Explain tells why a rule exists and what to do; empty where there is none of that name.
func Explain(name string) string {
	if i := slices.IndexFunc(rules, func(r about) bool { return r.rule == name }); i >= 0 {
		r := rules[i]
		return fmt.Sprintf("%s, of the iam gate\n\nwhy     %s\nhow     %s\nsource  %s\n\nbefore, where it is a finding:\n\n    %s\n\nafter:\n\n    %s\n",
			name, r.why, r.how, r.source, r.before, r.after)
	}
	i := slices.IndexFunc(paths, func(p path) bool { return p.rule() == name })
	if i < 0 {
		return ""
	}
	how := "name the resources under Resource, or demand a tag (aws:ResourceTag/...) or the boundary (iam:PermissionsBoundary) under Condition"
	if paths[i].service != "" {
		how = "name the roles under Resource of iam:PassRole, or let Condition iam:PassedToService name services without " + paths[i].service
	}
	return fmt.Sprintf("%s, of the iam gate\n\nwhy     %s together: whoever has them %s\nhow     %s\nsource  %s\n",
		name, strings.Join(paths[i].actions, " + "), paths[i].does, how, paths[i].source)
}
