package config

import "slices"

// regions are the regions of the partition aws, as aws-sdk-go-v2 1.48.0 lists them. Names spell ARNs with this partition.
var regions = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
	"eu-west-3", "il-central-1", "me-central-1", "me-south-1", "me-west-1", "mx-central-1", "sa-east-1", "sa-west-1", "us-east-1",
	"us-east-2", "us-west-1", "us-west-2",
}

// retentions are the days that CloudWatch Logs accepts in PutRetentionPolicy.
var retentions = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// defaultAllowed are the services that shared services are made of. Left out on purpose is what would run an engineer's code with
// somebody else's credentials, such as lambda and codebuild, and what keeps secrets.
var defaultAllowed = []string{
	"access-analyzer", "account", "backup", "backup-storage", "billing", "budgets", "ce", "cloudtrail", "cloudwatch", "config",
	"controltower", "detective", "dynamodb", "ec2", "events", "fms", "guardduty", "iam", "inspector2", "kms", "logs", "macie2",
	"network-firewall", "organizations", "ram", "rds", "route53", "route53resolver", "s3", "scheduler", "securityhub", "shield", "sns",
	"sqs", "ssm", "sso", "tag", "wafv2",
}

// DefaultAllowedServices are the IAM service prefixes that products may use unless fleet.yaml lists its own.
func DefaultAllowedServices() []string { return slices.Clone(defaultAllowed) }
