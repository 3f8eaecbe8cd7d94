package launchrole

import (
	"regexp"
	"slices"
	"strings"
)

// naming says how the resources of a type get their names, and by what kinds IAM knows them.
type naming struct {
	service  string   // IAM prefix
	kinds    []string // of the resource itself, spelt as plain does
	parts    []string // kinds that lie inside the resource: their ARN goes on after its name
	with     []string // other kinds that the resource's own actions need as well
	property string   // holds the name; dots lead inside
	made     string   // what CloudFormation makes up when the property is absent; "" if somebody else does
	unless   string   // a property that gives the name another place in the ARN
	after    []string // what may follow the name in an ARN; default: nothing, or anything where CloudFormation ends the name
}

// Names that CloudFormation makes up from the stack's. Source: CloudFormation User Guide, "Name type", and of each type's page what is
// said of its name property.
const (
	upper = stacks
	lower = "sc-*"
)

// namings are the types whose names a template decides, by setting them or by leaving them to CloudFormation. Types that are not here
// get ids from their services. Source of kinds: Service Authorization Reference.
var namings = map[string]naming{
	"AWS::AccessAnalyzer::Analyzer": {service: "access-analyzer", kinds: []string{"analyzer"}, property: "AnalyzerName"},
	"AWS::Backup::BackupVault":      {service: "backup", kinds: []string{"backupvault"}, property: "BackupVaultName"},
	"AWS::CloudFormation::Stack":    {service: "cloudformation", kinds: []string{"stack"}, made: upper}, // nested: named after its parent
	"AWS::CloudFormation::StackSet": {service: "cloudformation", kinds: []string{"stackset", "stacksettarget"}, with: []string{"type"}, property: "StackSetName", after: []string{":*"}},
	"AWS::CloudTrail::Trail":        {service: "cloudtrail", kinds: []string{"trail"}, property: "TrailName", made: upper},
	"AWS::CloudWatch::Alarm":        {service: "cloudwatch", kinds: []string{"alarm"}, property: "AlarmName", made: upper},
	"AWS::DynamoDB::Table":          {service: "dynamodb", kinds: []string{"table"}, parts: []string{"index", "stream", "import"}, property: "TableName", made: upper},
	"AWS::Events::Rule":             {service: "events", kinds: []string{"ruleondefaulteventbus"}, property: "Name", made: upper, unless: "EventBusName"},
	"AWS::KMS::Alias":               {service: "kms", kinds: []string{"alias"}, with: []string{"key"}, property: "AliasName"},
	"AWS::Logs::LogGroup":           {service: "logs", kinds: []string{"loggroup"}, parts: []string{"logstream"}, property: "LogGroupName", made: upper, after: []string{"", ":*"}},
	"AWS::RDS::DBCluster":           {service: "rds", kinds: []string{"cluster"}, with: []string{"clusterpg", "subgrp", "clustersnapshot", "globalcluster", "db"}, property: "DBClusterIdentifier", made: lower},
	"AWS::RDS::DBInstance":          {service: "rds", kinds: []string{"db"}, with: []string{"pg", "subgrp", "og", "secgrp", "snapshot", "cluster"}, property: "DBInstanceIdentifier", made: lower},
	"AWS::RDS::DBSubnetGroup":       {service: "rds", kinds: []string{"subgrp"}, property: "DBSubnetGroupName", made: lower},
	"AWS::S3::Bucket":               {service: "s3", kinds: []string{"bucket"}, parts: []string{"object"}, property: "BucketName", made: lower},
	"AWS::SNS::Topic":               {service: "sns", kinds: []string{"topic"}, property: "TopicName", made: upper},
	"AWS::SQS::Queue":               {service: "sqs", kinds: []string{"queue"}, property: "QueueName", made: upper},
	"AWS::SSM::Parameter":           {service: "ssm", kinds: []string{"parameter"}, property: "Name"},
}

// alias are kinds whose names are not the last word of their type.
var alias = map[string][]string{
	"AWS::EC2::FlowLog":    {"vpcflowlog"},
	"AWS::EC2::EIP":        {"elasticip"},
	"AWS::KMS::ReplicaKey": {"key"},
}

// forms replace forms of the reference that cfn-lint carries cut short, that hold a name in another place, or that name an account where
// there is none: the types of AWS are in no account. Source of the last: AWS's refusals of DescribeType, and the policies of
// aws-solutions/quota-monitor-for-aws (hub.stack.ts).
var forms = map[string]string{
	"cloudformation:stackset":        "arn:aws:cloudformation:*:*:stackset/.*",
	"cloudformation:stackset-target": "arn:aws:cloudformation:*:*:stackset-target/.*",
	"cloudformation:type":            "arn:aws:cloudformation:*::type/resource/.*",
}

// on are types that have no resource of their own in IAM but act on another's: service, kind and the property that names it.
var on = map[string][3]string{
	"AWS::Logs::MetricFilter":       {"logs", "loggroup", "LogGroupName"},
	"AWS::Logs::SubscriptionFilter": {"logs", "loggroup", "LogGroupName"},
	"AWS::S3::BucketPolicy":         {"s3", "bucket", "Bucket"},
	"AWS::SNS::Subscription":        {"sns", "topic", "TopicArn"},
	"AWS::SNS::TopicPolicy":         {"sns", "topic", "Topics"},
	"AWS::SQS::QueuePolicy":         {"sqs", "queue", "Queues"},
}

// names are the names that resources of a kind have as far as the template decides them, and what may follow each in an ARN.
func (d *derivation) names(id, name, prefix, kind string, properties map[string]any) (names, suffixes []string) {
	if way, ok := on[name]; ok && way[0] == prefix && way[1] == kind {
		return d.referred(properties[way[2]], prefix, kind)
	}
	n, ok := namings[name]
	if !ok || n.service != prefix {
		return nil, nil
	}
	own, part := slices.Contains(n.kinds, kind), slices.Contains(n.parts, kind)
	if !own && !part {
		return nil, nil
	}
	text, ok := literal(at(properties, n.property), n.made)
	if properties[n.unless] != nil || !ok || strings.Trim(text, "*") == "" {
		return nil, nil
	}
	text = strings.TrimPrefix(text, "alias/")
	switch {
	case strings.HasSuffix(text, "*"):
		return []string{text}, []string{""}
	case len(n.after) > 0:
		return []string{text}, n.after
	case part:
		return []string{text}, []string{"/*"}
	}
	return []string{text}, []string{""}
}

// referred are the names of the template's own resources that a property refers to, if it refers to nothing else.
func (d *derivation) referred(value any, prefix, kind string) (names, suffixes []string) {
	for _, one := range list(value) {
		target := reference(one)
		resource, _ := d.resources[target].(map[string]any)
		name, _ := resource["Type"].(string)
		if n, ok := namings[name]; !ok || n.service != prefix || !slices.Contains(n.kinds, kind) {
			return nil, nil
		}
		properties, _ := resource["Properties"].(map[string]any)
		more, after := d.names(target, name, prefix, kind, properties)
		if len(more) == 0 {
			return nil, nil
		}
		names, suffixes = append(names, more...), append(suffixes, after...)
	}
	return names, unique(suffixes)
}

// reference is the logical id that a Ref or Fn::GetAtt names.
func reference(value any) string {
	m, _ := value.(map[string]any)
	if id, ok := m["Ref"].(string); ok {
		return id
	}
	switch v := m["Fn::GetAtt"].(type) {
	case string:
		id, _, _ := strings.Cut(v, ".")
		return id
	case []any:
		if len(v) > 0 {
			id, _ := v[0].(string)
			return id
		}
	}
	return ""
}

// at is the property at a dotted path.
func at(properties map[string]any, path string) any {
	head, rest, deeper := strings.Cut(path, ".")
	value := properties[head]
	if !deeper {
		return value
	}
	inner, _ := value.(map[string]any)
	return at(inner, rest)
}

// roleKey are names of properties that hold a role which a service is to take.
var roleKey = regexp.MustCompile(`(?i)role|PermissionArn`)

// receivers are the services to which handlers pass a role, where that is not the type's own.
// Source: EC2 User Guide, "Publish flow logs to CloudWatch Logs".
var receivers = map[string]string{"AWS::EC2::FlowLog": "vpc-flow-logs"}

// passes says whether a resource hands a role to its service. One that AWS administers by itself takes none.
func passes(name string, properties map[string]any) bool {
	if name == "AWS::CloudFormation::StackSet" && properties["PermissionModel"] == "SERVICE_MANAGED" {
		return false
	}
	return holds(properties, roleKey)
}

// holds says whether some key below a value matches.
func holds(value any, key *regexp.Regexp) bool {
	switch v := value.(type) {
	case map[string]any:
		for k, inner := range v {
			if key.MatchString(k) || holds(inner, key) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return holds(inner, key) })
	}
	return false
}

// options are actions that a handler calls for some properties only, and that reach beyond the resource: without such a property they
// are not granted. Source: DynamoDB Developer Guide, "IAM and global tables", "DynamoDB data import from Amazon S3", "Kinesis Data
// Streams for DynamoDB"; S3 User Guide, "Setting up permissions for configuring metadata tables".
var options = map[string][]option{
	"AWS::DynamoDB::Table": {
		{regexp.MustCompile(`^(kinesis:.*|dynamodb:(Enable|Disable|Update)KinesisStreamingDestination)$`), []string{"KinesisStreamSpecification"}},
		{regexp.MustCompile(`^(s3:.*|logs:.*|dynamodb:(ImportTable|DescribeImport))$`), []string{"ImportSourceSpecification"}},
		{regexp.MustCompile(`^dynamodb:(AssociateTableReplica|CreateTableReplica|Scan|Query|[A-Za-z]*Item)$`), nil}, // of global tables
	},
	"AWS::S3::Bucket": {
		{regexp.MustCompile(`^s3tables:`), []string{"MetadataConfiguration", "MetadataTableConfiguration"}},
	},
}

type option struct {
	actions    *regexp.Regexp
	properties []string // any of them asks for the actions; none does if there are none
}

// optional says whether a handler never calls the action for these properties.
func optional(name, action string, properties map[string]any) bool {
	return slices.ContainsFunc(options[name], func(o option) bool {
		return o.actions.MatchString(action) && !slices.ContainsFunc(o.properties, func(p string) bool { return properties[p] != nil })
	})
}
