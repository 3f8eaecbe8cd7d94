package features

import (
	"regexp"
	"strings"
)

// Step is one sentence of the vocabulary.
//
// Its regular expression is derived from Text, so that what fleet steps prints is what is matched: "<name>" in quotes stands for
// any text without a double quote, <Type> for a CloudFormation type, <number> for a whole number, and [words] may be left out. A
// sentence that ends in a colon wants a table below it, of two columns without a heading.
type Step struct {
	Text    string `json:"text"`    // the sentence with its placeholders
	Example string `json:"example"` // a line of a feature that uses it
	Help    string `json:"help"`    // what it demands, in one sentence
	run     any    // func(*scenario, ...) error; the arguments are the placeholders and optional words, in order
}

// Section is a group of steps that belong together.
type Section struct {
	Title string `json:"title"`
	Steps []Step `json:"steps"`
}

// ifAny lets a sentence about every resource hold where there is none; without it a sentence about nothing fails.
const ifAny = "[, if any,]"

// aside leaves out managed policies that are not in the template: what they allow cannot be seen here, so that without these words
// a role that attaches one can be said nothing of.
const aside = "[, managed policies aside,]"

// Vocabulary is every sentence that a feature may use. Keywords (Given, When, Then, And, But) are free.
func Vocabulary() []Section {
	return []Section{
		{"What is looked at", subjectSteps()},
		{"Resources", resourceSteps()},
		{"Protection", protectionSteps()},
		{"Permissions", permissionSteps()},
		{"Parameters and outputs", interfaceSteps()},
		{"Organization policies", organizationSteps()},
		{"Services and the catalog", catalogSteps()},
	}
}

func subjectSteps() []Step {
	return []Step{
		{`the template of product "<product>"`, `Given the template of product "network"`,
			"Looks at one product: template defaults, the home region, no other parameter.", stepProduct},
		{`the template of this product`, `Given the template of this product`,
			"As above, for the product in whose folder the feature lies; baseline features run it for every product.", stepThisProduct},
		{`with parameter "<name>" set to "<value>"`, `And with parameter "RetentionDays" set to "30"`,
			"Gives a parameter a value; a value that the template does not accept fails.", stepParameter},
		{`with the parameters of its manifest`, `And with the parameters of its manifest`,
			"Gives the values under parameters in product.yaml.", stepManifestParameters},
		{`with the parameters of test "<test>"`, `And with the parameters of test "default"`,
			"Gives the values of a test in .taskcat.yml.", stepTestParameters},
		{`in region "<region>"`, `And in region "eu-central-1"`,
			"Sets AWS::Region.", stepRegion},
		{`in account "<account>"`, `And in account "222222222222"`,
			"Sets AWS::AccountId.", stepAccount},
		{`the catalog`, `Given the catalog`,
			"Looks at all products at once.", stepCatalog},
		{`requests that carry:`, `Given requests that carry:`,
			"Says, in a table of condition key and value, what every request of the scenario carries; (absent) says that it does not.", stepRequests},
	}
}

func resourceSteps() []Step {
	return []Step{
		{`there is a <Type>`, `Then there is a AWS::KMS::Key`,
			"At least one resource of the type is created.", stepSome},
		{`there is no <Type>`, `Then there is no AWS::IAM::User`,
			"No resource of the type is created.", stepNone},
		{`there are <number> <Type>`, `Then there are 2 AWS::EC2::Subnet`,
			"Exactly that many resources of the type are created.", stepCount},
		{`the resource "<logical id>" is a <Type>`, `Then the resource "Vpc" is a AWS::EC2::VPC`,
			"The resource is created and has the type.", stepResourceType},
		{`the resource "<logical id>" is not created`, `Then the resource "NatGateway" is not created`,
			"The template has the resource, and its condition is false.", stepResourceAbsent},
		{`the resource "<logical id>" has property "<path>" equal to "<value>"`, `Then the resource "Vpc" has property "EnableDnsSupport" equal to "true"`,
			"The property, a dotted path with [] for every element of a list, is known and has the value.", stepResourceProperty},
		{`the resource "<logical id>" has property "<path>" referring to "<logical id>"`, `Then the resource "Bucket" has property "BucketEncryption.ServerSideEncryptionConfiguration[].ServerSideEncryptionByDefault.KMSMasterKeyID" referring to "Key"`,
			"The property is a Ref, GetAtt or Sub of the other resource.", stepResourceRefers},
		{`every <Type>` + ifAny + ` has property "<path>"`, `Then every AWS::Lambda::Function, if any, has property "DeadLetterConfig.TargetArn"`,
			"The property is present.", stepEveryHas},
		{`every <Type>` + ifAny + ` has property "<path>" equal to "<value>"`, `Then every AWS::S3::Bucket has property "VersioningConfiguration.Status" equal to "Enabled"`,
			"The property is known and has the value.", stepEveryEqual},
		{`no <Type> has property "<path>"`, `Then no AWS::S3::Bucket has property "AccessControl"`,
			"The property is absent from every resource of the type.", stepNoHas},
		{`no <Type> has property "<path>" equal to "<value>"`, `Then no AWS::EC2::Subnet has property "MapPublicIpOnLaunch" equal to "true"`,
			"No resource of the type has the value; a value that cannot be known fails.", stepNoEqual},
		{`every <Type>` + ifAny + ` is kept when its stack is deleted`, `Then every AWS::S3::Bucket is kept when its stack is deleted`,
			"DeletionPolicy and UpdateReplacePolicy are Retain (or RetainExceptOnCreate).", stepRetained},
		{`the resource "<logical id>" depends on "<logical id>"`, `Then the resource "Recorder" depends on "BucketPolicy"`,
			"Directly or through others, by DependsOn or a reference.", stepDependsOn},
	}
}

func protectionSteps() []Step {
	return []Step{
		{`every <Type>` + ifAny + ` is encrypted with a customer key`, `Then every AWS::S3::Bucket is encrypted with a customer key`,
			"The type's key property names a KMS key that is not managed by AWS.", stepCustomerKey},
		{`every AWS::S3::Bucket` + ifAny + ` blocks public access`, `Then every AWS::S3::Bucket blocks public access`,
			"All four settings of PublicAccessBlockConfiguration are true.", stepBlocksPublic},
		{`every AWS::S3::Bucket` + ifAny + ` refuses requests without TLS`, `Then every AWS::S3::Bucket refuses requests without TLS`,
			"A bucket policy denies s3:* to everyone on bucket and objects where aws:SecureTransport is false.", stepTLSOnly},
		{`every AWS::KMS::Key` + ifAny + ` rotates`, `Then every AWS::KMS::Key rotates`,
			"EnableKeyRotation is true.", stepRotates},
		{`every AWS::Logs::LogGroup` + ifAny + ` keeps events for at least <number> days`, `Then every AWS::Logs::LogGroup keeps events for at least 365 days`,
			"RetentionInDays is known and not smaller.", stepLogRetention},
		{`every AWS::EC2::VPC` + ifAny + ` has a flow log`, `Then every AWS::EC2::VPC has a flow log`,
			"An AWS::EC2::FlowLog of all traffic refers to it.", stepFlowLog},
		{`port <number> is not open to the world`, `Then port 22 is not open to the world`,
			"No ingress rule of a security group admits 0.0.0.0/0 or ::/0 on the port.", stepPortClosed},
	}
}

func permissionSteps() []Step {
	return []Step{
		{`every AWS::IAM::Role` + ifAny + ` has the permissions boundary`, `Then every AWS::IAM::Role has the permissions boundary`,
			"PermissionsBoundary is the fleet's boundary policy of the account.", stepBoundary},
		{`the role "<logical id>" may be assumed only by "<principal>"`, `Then the role "RecorderRole" may be assumed only by "config.amazonaws.com"`,
			"Every principal of the trust policy is the one named: a service, an account or an ARN.", stepTrust},
		{`the role "<logical id>" attaches only the managed policy "<name>"`, `Then the role "RecorderRole" attaches only the managed policy "service-role/AWS_ConfigRole"`,
			"No managed policy is attached but the one of AWS with that path and name; an empty name means none.", stepAttaches},
		{`the role "<logical id>" can "<action>"`, `Then the role "RecorderRole" can "s3:PutObject"`,
			"A statement in the template allows the action on some resource and none denies it everywhere.", stepCan},
		{`the role "<logical id>"` + aside + ` cannot "<action>"`, `Then the role "DeliveryRole" cannot "iam:*"`,
			"No statement allows any action that the pattern covers, on any resource; a managed policy from elsewhere may, unless it is left aside.", stepCannot},
		{`the role "<logical id>"` + aside + ` cannot "<action>" on any resource outside the product`, `Then the role "RecorderRole", managed policies aside, cannot "s3:*" on any resource outside the product`,
			"Statements that allow such an action name resources of this template only.", stepCannotOutside},
		{`no role` + aside + ` can "<action>"`, `Then no role, managed policies aside, can "iam:CreateUser"`,
			"As above, for every role, and every policy that stands alone, of the template.", stepNoRoleCan},
	}
}

func interfaceSteps() []Step {
	return []Step{
		{`the parameter "<name>" has the default "<value>"`, `Then the parameter "RetentionDays" has the default "365"`,
			"The template gives that default.", stepDefault},
		{`the parameter "<name>" accepts "<value>"`, `Then the parameter "Cidr" accepts "10.0.0.0/16"`,
			"AllowedValues, AllowedPattern, lengths and bounds admit the value.", stepAccepts},
		{`the parameter "<name>" refuses "<value>"`, `Then the parameter "RetentionDays" refuses "1"`,
			"One of them does not.", stepRefuses},
		{`the output "<name>" exists`, `Then the output "BucketArn" exists`,
			"The output is there and its condition holds.", stepOutput},
		{`the output "<name>" is "<value>"`, `Then the output "Region" is "eu-west-1"`,
			"The output is known and has the value.", stepOutputEqual},
		{`the output "<name>" refers to "<logical id>"`, `Then the output "BucketArn" refers to "Bucket"`,
			"The output is a Ref, GetAtt or Sub of the resource.", stepOutputRefers},
	}
}

func organizationSteps() []Step {
	return []Step{
		{`the policy "<logical id>" denies "<action>" on "<resource>"`, `Then the policy "KeepLogs" denies "cloudtrail:StopLogging" on "*"`,
			"A statement of the service or resource control policy denies the request; a condition that cannot be evaluated fails.", stepDenies},
		{`the policy "<logical id>" denies "<action>" on "<resource>" when:`, `Then the policy "Regions" denies "ec2:RunInstances" on "*" when:`,
			"As above, for a request that carries the condition keys of the table too.", stepDeniesWhen},
		{`the policy "<logical id>" allows "<action>" on "<resource>"`, `Then the policy "KeepLogs" allows "cloudtrail:LookupEvents" on "*"`,
			"No statement denies the request: such a policy grants nothing by itself, it only leaves it to others.", stepAllows},
		{`the policy "<logical id>" allows "<action>" on "<resource>" when:`, `Then the policy "Regions" allows "iam:CreateRole" on "*" when:`,
			"As above, for a request that carries the condition keys of the table too.", stepAllowsWhen},
		{`no policy denies "<action>" on "<resource>"`, `Then no policy denies "s3:GetObject" on "*"`,
			"None of the template's service and resource control policies denies the request.", stepNoneDenies},
		{`no policy denies "<action>" on "<resource>" when:`, `Then no policy denies "s3:GetObject" on "*" when:`,
			"As above, for a request that carries the condition keys of the table too.", stepNoneDeniesWhen},
		{`the policy "<logical id>" says "<path>" is "<value>"`, `Then the policy "Backup" says "plans.daily.rules.daily.schedule_expression.@@assign" is "cron(0 3 * * ? *)"`,
			"The content of the organization policy, an object or JSON text, has the value at the dotted path.", stepSays},
		{`the policy "<logical id>" does not mention "<path>"`, `Then the policy "Tags" does not mention "tags.owner.enforced_for"`,
			"The content has nothing at the dotted path.", stepSaysNothing},
		{`the policy "<logical id>" fits the quota of its type`, `Then the policy "Regions" fits the quota of its type`,
			"Its content has no more characters than AWS Organizations takes.", stepFitsQuota},
	}
}

func catalogSteps() []Step {
	return []Step{
		{`the product enables "<service>"`, `Then the product enables "guardduty"`,
			"The template creates what switches the service on, and does not switch it off: " + serviceNames() + ".", stepEnables},
		{`some product enables "<service>"`, `Then some product enables "securityhub"`,
			"Holds for at least one product, with template defaults.", stepSomeEnables},
		{`some product enables each required service`, `Then some product enables each required service`,
			"As above, for every service under required_services in fleet.yaml.", stepRequired},
		{`no product has a <Type>`, `Then no product has a AWS::IAM::User`,
			"No template creates a resource of the type.", stepNoProductHas},
		{`at most one product has a <Type>`, `Then at most one product has a AWS::GuardDuty::Detector`,
			"For what may exist once per account and region.", stepAtMostOne},
		{`portfolio "<portfolio>" offers product "<product>"`, `Then portfolio "security" offers product "guardduty"`,
			"The product's manifest names the portfolio.", stepOffers},
	}
}

// wantsTable says whether a table must stand below the sentence.
func (s Step) wantsTable() bool { return strings.HasSuffix(s.Text, ":") }

var placeholders = regexp.MustCompile(`\\\[[^\]]*\\\]|"<[^>]+>"|<Type>|<number>`)

// pattern is the anchored regular expression of the sentence.
func (s Step) pattern() string {
	return "^" + placeholders.ReplaceAllStringFunc(regexp.QuoteMeta(s.Text), func(hole string) string {
		switch {
		case strings.HasPrefix(hole, `\[`):
			return "((?:" + strings.TrimSuffix(strings.TrimPrefix(hole, `\[`), `\]`) + ")?)"
		case hole == "<Type>":
			return `([A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+)`
		case hole == "<number>":
			return `(\d+)`
		default:
			return `"([^"]*)"`
		}
	}) + "$"
}
