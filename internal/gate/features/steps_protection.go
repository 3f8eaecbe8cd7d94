package features

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"accountfleet/internal/gate/resolve"
)

// keyProperty is where each type names its KMS key: the registry schema's property.
var keyProperty = map[string]string{
	"AWS::Backup::BackupVault":        "EncryptionKeyArn",
	"AWS::CloudTrail::EventDataStore": "KmsKeyId",
	"AWS::CloudTrail::Trail":          "KMSKeyId",
	"AWS::DynamoDB::Table":            "SSESpecification.KMSMasterKeyId",
	"AWS::EC2::Volume":                "KmsKeyId",
	"AWS::ECR::Repository":            "EncryptionConfiguration.KmsKey",
	"AWS::EFS::FileSystem":            "KmsKeyId",
	"AWS::Kinesis::Stream":            "StreamEncryption.KeyId",
	"AWS::Lambda::Function":           "KmsKeyArn",
	"AWS::Logs::LogGroup":             "KmsKeyId",
	"AWS::OpenSearchService::Domain":  "EncryptionAtRestOptions.KmsKeyId",
	"AWS::RDS::DBCluster":             "KmsKeyId",
	"AWS::RDS::DBInstance":            "KmsKeyId",
	"AWS::Redshift::Cluster":          "KmsKeyId",
	"AWS::S3::Bucket":                 "BucketEncryption.ServerSideEncryptionConfiguration[].ServerSideEncryptionByDefault.KMSMasterKeyID",
	"AWS::SNS::Topic":                 "KmsMasterKeyId",
	"AWS::SQS::Queue":                 "KmsMasterKeyId",
	"AWS::SecretsManager::Secret":     "KmsKeyId",
}

func stepCustomerKey(s *scenario, typ, optional string) error {
	path, ok := keyProperty[typ]
	if !ok {
		return fmt.Errorf("%s: the vocabulary does not know which property names its key: say every %s has property \"...\"", typ, typ)
	}
	return s.each(typ, optional, func(r resolve.Resource) error {
		values := lookup(r.Properties, path)
		for _, v := range values {
			text, known := resolve.Text(v)
			if known && (text == "" || strings.Contains(text, "alias/aws/")) {
				return fmt.Errorf("%s: %s is %q, a key that AWS manages", r.LogicalID, path, text)
			}
		}
		return missing(r, path, values)
	})
}

func stepBlocksPublic(s *scenario, optional string) error {
	return s.each("AWS::S3::Bucket", optional, func(r resolve.Resource) error {
		for _, setting := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if err := propertyEquals(r, "PublicAccessBlockConfiguration."+setting, "true"); err != nil {
				return err
			}
		}
		return nil
	})
}

func stepTLSOnly(s *scenario, optional string) error {
	return s.each("AWS::S3::Bucket", optional, func(r resolve.Resource) error {
		for _, policy := range s.resolved.OfType("AWS::S3::BucketPolicy") {
			if !slices.Contains(resolve.Refs(policy.Properties["Bucket"]), r.LogicalID) && !sameName(policy.Properties["Bucket"], r.Properties["BucketName"]) {
				continue
			}
			if slices.ContainsFunc(statements(policy.Properties["PolicyDocument"]), func(st statement) bool { return deniesPlain(st, r) }) {
				return nil
			}
		}
		return fmt.Errorf("%s: no bucket policy denies s3:* to everyone where aws:SecureTransport is false", r.LogicalID)
	})
}

func sameName(a, b any) bool {
	textA, okA := resolve.Text(a)
	textB, okB := resolve.Text(b)
	return okA && okB && textA == textB
}

// deniesPlain says whether a statement refuses every plain HTTP request to a bucket and to its objects.
func deniesPlain(st statement, bucket resolve.Resource) bool {
	test, _ := st.conditions["Bool"].(map[string]any)
	secure, _ := resolve.Text(first(lookup(test, "aws:SecureTransport")))
	if st.effect != "Deny" || !st.everyone() || len(st.conditions) != 1 || len(test) != 1 || secure != "false" || !slices.Contains(st.actions, "s3:*") {
		return false
	}
	name, _ := resolve.Text(bucket.Properties["BucketName"])
	var whole, objects bool
	for _, resource := range st.resources {
		text := show(resource)
		if text == `"*"` {
			return true
		}
		if slices.Contains(resolve.Refs(resource), bucket.LogicalID) || name != "" && strings.Contains(text, ":::"+name) {
			if strings.Contains(text, "/*") {
				objects = true
			} else {
				whole = true
			}
		}
	}
	return whole && objects
}

func first(values []any) any {
	if len(values) == 0 {
		return nil
	}
	if items, ok := values[0].([]any); ok && len(items) == 1 {
		return items[0]
	}
	return values[0]
}

func stepRotates(s *scenario, optional string) error {
	return s.each("AWS::KMS::Key", optional, func(r resolve.Resource) error { return propertyEquals(r, "EnableKeyRotation", "true") })
}

func stepLogRetention(s *scenario, optional string, days int) error {
	return s.each("AWS::Logs::LogGroup", optional, func(r resolve.Resource) error {
		text, known := resolve.Text(r.Properties["RetentionInDays"])
		kept, err := strconv.Atoi(text)
		switch {
		case r.Properties["RetentionInDays"] == nil:
			return nil // CloudWatch keeps events forever
		case !known || err != nil:
			return fmt.Errorf("%s: RetentionInDays is %s", r.LogicalID, show(r.Properties["RetentionInDays"]))
		case kept < days:
			return fmt.Errorf("%s keeps events for %d days", r.LogicalID, kept)
		}
		return nil
	})
}

func stepFlowLog(s *scenario, optional string) error {
	return s.each("AWS::EC2::VPC", optional, func(r resolve.Resource) error {
		for _, log := range s.resolved.OfType("AWS::EC2::FlowLog") {
			traffic, _ := resolve.Text(log.Properties["TrafficType"])
			if traffic == "ALL" && slices.Contains(resolve.Refs(log.Properties["ResourceId"]), r.LogicalID) {
				return nil
			}
		}
		return fmt.Errorf("%s: no AWS::EC2::FlowLog of all traffic refers to it", r.LogicalID)
	})
}

func stepPortClosed(s *scenario, port int) error {
	t, err := s.template()
	if err != nil {
		return err
	}
	for _, group := range t.OfType("AWS::EC2::SecurityGroup") {
		rules, _ := group.Properties["SecurityGroupIngress"].([]any)
		for _, rule := range rules {
			if err := admits(group.LogicalID, rule, port); err != nil {
				return err
			}
		}
	}
	for _, rule := range t.OfType("AWS::EC2::SecurityGroupIngress") {
		if err := admits(rule.LogicalID, rule.Properties, port); err != nil {
			return err
		}
	}
	return nil
}

// admits reports a rule that lets the world, or a source that cannot be known, in on a port.
func admits(id string, rule any, port int) error {
	m, ok := rule.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: an ingress rule is %s", id, show(rule))
	}
	if !covers(m, port) {
		return nil
	}
	for _, key := range []string{"CidrIp", "CidrIpv6"} {
		text, known := resolve.Text(m[key])
		if known && strings.HasSuffix(text, "/0") {
			return fmt.Errorf("%s admits %s on port %d", id, text, port)
		}
		if m[key] != nil && !known {
			return fmt.Errorf("%s: %s is %s", id, key, show(m[key]))
		}
	}
	return nil
}

// covers says whether a rule may concern the port; what is unknown may.
func covers(rule map[string]any, port int) bool {
	protocol, _ := resolve.Text(rule["IpProtocol"])
	switch protocol {
	case "-1", "":
		return true
	case "icmp", "icmpv6", "1", "58":
		return false
	}
	from, errFrom := strconv.Atoi(textOf(rule["FromPort"]))
	to, errTo := strconv.Atoi(textOf(rule["ToPort"]))
	return errFrom != nil || errTo != nil || from <= port && port <= to
}

func textOf(v any) string {
	text, _ := resolve.Text(v)
	return text
}
