package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/document"
	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

// Rules that this package evaluates itself, because they depend on the fleet's settings or look everywhere in a template.
const (
	serviceRule   = "SERVICE_ALLOWED"
	referenceRule = "DYNAMIC_REFERENCE_KNOWN"
)

// prefixes are the IAM prefixes of services that CloudFormation calls otherwise, dashes aside. Source: Service Authorization Reference.
var prefixes = map[string]string{
	"AmazonMQ": "mq", "ApiGatewayV2": "apigateway", "CertificateManager": "acm", "Cognito": "cognito-idp", "DirectoryService": "ds",
	"DocDB": "rds", "EFS": "elasticfilesystem", "EMR": "elasticmapreduce", "ElasticLoadBalancingV2": "elasticloadbalancing",
	"Elasticsearch": "es", "EventSchemas": "schemas", "GreengrassV2": "greengrass", "InspectorV2": "inspector2",
	"KinesisAnalyticsV2": "kinesisanalytics", "KinesisFirehose": "firehose", "Location": "geo", "MSK": "kafka", "MWAA": "airflow",
	"Macie": "macie2", "Neptune": "rds", "OpenSearchServerless": "aoss", "OpenSearchService": "es", "Pinpoint": "mobiletargeting",
	"ServiceCatalogAppRegistry": "servicecatalog", "StepFunctions": "states",
}

// harmless are types whose service need not be allowed: the templates of stack sets are judged like any other, and the others do nothing.
var harmless = []string{
	"AWS::CloudFormation::StackSet", "AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle", "AWS::CDK::Metadata",
}

// serviceOf is the IAM prefix of a type's service, spelt as in allowed where only dashes differ.
func serviceOf(name string, allowed []string) string {
	segment := segmentOf(name)
	if prefix, ok := prefixes[segment]; ok {
		return prefix
	}
	plain := strings.ToLower(segment)
	for _, service := range allowed {
		if strings.ReplaceAll(service, "-", "") == plain {
			return service
		}
	}
	return plain
}

// segmentOf is what CloudFormation calls the service of a type.
func segmentOf(name string) string {
	_, rest, _ := strings.Cut(name, "::")
	segment, _, _ := strings.Cut(rest, "::")
	return segment
}

// services refuses resources of services that products may not use, such as those that run code: the permissions boundary would stop
// them in Beta, and nobody would know why.
func services(allowed []string, templates []*manifest.Product) []finding.Finding {
	var findings []finding.Finding
	for _, p := range templates {
		resources, _ := p.Template.Doc["Resources"].(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(resources)) {
			resource, _ := resources[id].(map[string]any)
			name, _ := resource["Type"].(string)
			service := serviceOf(name, allowed)
			if slices.Contains(harmless, name) || slices.Contains(allowed, service) {
				continue
			}
			findings = append(findings, own(serviceRule, p, document.Pointer("Resources", id, "Type"), id,
				fmt.Sprintf("%s belongs to %q, which products may not use: services that run code or keep secrets are left out unless the platform team wants them", name, service),
				"do without it, or ask the platform team to add "+service+" to allowed_services in fleet.yaml"))
		}
	}
	return findings
}

// own is a finding of this package's own rules.
func own(rule string, p *manifest.Product, pointer, resource, message, cure string) finding.Finding {
	f := finding.Finding{
		Gate: gate, Rule: rule, Severity: finding.Error, Product: p.ID, File: p.Template.Path, Resource: resource,
		Span: p.Template.Lines.At(pointer), Message: message, Cure: cure,
	}
	f.Fingerprint = finding.Identify(f)
	return f
}
