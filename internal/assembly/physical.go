package assembly

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// identity says how CloudFormation names a resource of some type: which property holds the name, what Ref gives and what attributes give.
// In the texts {name} is the physical name, {path} the IAM path, {account} and {region} those of the stack.
type identity struct {
	property   string            // property that holds the name; "": the name is known only after the deployment
	ref        string            // what Ref gives, default {name}
	refIsARN   bool              // Ref, and so the physical id, is an ARN: nothing is known of an unnamed one
	attributes map[string]string // what Fn::GetAtt gives
}

// identities holds the types that our templates refer to from a pipeline, a project or a rule.
var identities = map[string]identity{
	"AWS::IAM::Role": {property: "RoleName", attributes: map[string]string{"Arn": "arn:aws:iam::{account}:role{path}{name}"}},
	"AWS::IAM::ManagedPolicy": {property: "ManagedPolicyName", refIsARN: true,
		ref: "arn:aws:iam::{account}:policy{path}{name}", attributes: map[string]string{"PolicyArn": "arn:aws:iam::{account}:policy{path}{name}"}},
	"AWS::S3::Bucket": {property: "BucketName", attributes: map[string]string{
		"Arn": "arn:aws:s3:::{name}", "DomainName": "{name}.s3.amazonaws.com", "RegionalDomainName": "{name}.s3.{region}.amazonaws.com"}},
	"AWS::KMS::Key":   {attributes: map[string]string{"Arn": "arn:aws:kms:{region}:{account}:key/{name}", "KeyId": "{name}"}},
	"AWS::KMS::Alias": {property: "AliasName", attributes: map[string]string{"AliasArn": "arn:aws:kms:{region}:{account}:{name}"}},
	"AWS::CodeBuild::Project": {property: "Name", attributes: map[string]string{
		"Arn": "arn:aws:codebuild:{region}:{account}:project/{name}", "Id": "{name}"}},
	"AWS::CodeBuild::ReportGroup": {property: "Name", refIsARN: true, ref: "arn:aws:codebuild:{region}:{account}:report-group/{name}",
		attributes: map[string]string{"Arn": "arn:aws:codebuild:{region}:{account}:report-group/{name}"}},
	"AWS::CodePipeline::Pipeline": {property: "Name"},
	"AWS::Logs::LogGroup": {property: "LogGroupName", attributes: map[string]string{
		"Arn": "arn:aws:logs:{region}:{account}:log-group:{name}:*"}},
	"AWS::SNS::Topic": {property: "TopicName", refIsARN: true, ref: "arn:aws:sns:{region}:{account}:{name}", attributes: map[string]string{
		"TopicArn": "arn:aws:sns:{region}:{account}:{name}", "TopicName": "{name}"}},
	"AWS::SQS::Queue": {property: "QueueName", ref: "https://sqs.{region}.amazonaws.com/{account}/{name}", attributes: map[string]string{
		"Arn": "arn:aws:sqs:{region}:{account}:{name}", "QueueName": "{name}"}},
	"AWS::Events::Rule": {property: "Name", attributes: map[string]string{"Arn": "arn:aws:events:{region}:{account}:rule/{name}"}},
}

// ref resolves Ref on a resource.
func (r resource) ref(path string) any {
	if r.kind == "AWS::CodeCommit::Repository" {
		return Symbol(r.template.stack.Name, r.id) // a generated id, not the name
	}
	known, ok := identities[r.kind]
	if !ok {
		return r.template.problem(path, "Ref %s: what it gives is not known for %s: use a literal name", r.id, r.kind)
	}
	if known.ref == "" || known.refIsARN && !r.named(known) {
		return r.name(known)
	}
	return r.expand(known, known.ref)
}

// attribute resolves Fn::GetAtt on a resource.
func (r resource) attribute(path, name string) any {
	if r.kind == "AWS::CodeCommit::Repository" {
		return r.repositoryAttribute(path, name)
	}
	known := identities[r.kind]
	text, ok := known.attributes[name]
	if !ok {
		return r.template.problem(path, "Fn::GetAtt %s.%s: the attribute is not known for %s: use a literal", r.id, name, r.kind)
	}
	if known.refIsARN && !r.named(known) {
		return r.name(known)
	}
	return r.expand(known, text)
}

// repositoryAttribute: the physical id of a repository is a generated id, but its name is required, so all attributes are known.
func (r resource) repositoryAttribute(path, attribute string) any {
	s, name := r.template.stack, r.text("RepositoryName")
	switch attribute {
	case "Name":
		return name
	case "Arn":
		return fmt.Sprintf("arn:aws:codecommit:%s:%s:%s", s.Region, s.Account, name)
	case "CloneUrlHttp":
		return fmt.Sprintf("https://git-codecommit.%s.amazonaws.com/v1/repos/%s", s.Region, name)
	}
	return r.template.problem(path, "Fn::GetAtt %s.%s: the attribute is not known for %s: use Name, Arn or CloneUrlHttp", r.id, attribute, r.kind)
}

func (r resource) named(known identity) bool {
	return known.property != "" && r.text(known.property) != ""
}

// name is the physical name, or a symbol where only the deployment will tell.
func (r resource) name(known identity) string {
	if r.named(known) {
		return r.text(known.property)
	}
	return Symbol(r.template.stack.Name, r.id)
}

func (r resource) expand(known identity, text string) string {
	iamPath := "/"
	if p := r.text("Path"); p != "" {
		iamPath = p
	}
	return strings.NewReplacer("{name}", r.name(known), "{path}", iamPath,
		"{account}", r.template.stack.Account, "{region}", r.template.stack.Region).Replace(text)
}

// Symbol stands for the physical id of a resource that is known only after the deployment; Assembly.Resolve replaces it.
func Symbol(stack, logicalID string) string { return "${deployed:" + stack + ":" + logicalID + "}" }

var symbol = regexp.MustCompile(`\$\{deployed:([A-Za-z0-9-]+):([A-Za-z0-9]+)\}`)

// Resolve replaces every Symbol in a by the physical id that lookup finds, asking once for each.
func (a *Assembly) Resolve(lookup func(stack Stack, logicalID string) (string, error)) error {
	known := map[string]string{}
	var failed error
	replaceStrings(reflect.ValueOf(a).Elem(), func(text string) string {
		return symbol.ReplaceAllStringFunc(text, func(match string) string {
			if id, ok := known[match]; ok || failed != nil {
				return id
			}
			parts := symbol.FindStringSubmatch(match)
			id, err := a.lookUp(parts[1], parts[2], lookup)
			if err != nil {
				failed = err
			}
			known[match] = id
			return id
		})
	})
	return failed
}

func (a *Assembly) lookUp(stack, logicalID string, lookup func(Stack, string) (string, error)) (string, error) {
	for _, s := range a.Stacks {
		if s.Name == stack {
			id, err := lookup(s, logicalID)
			if err != nil {
				return "", fmt.Errorf("resolve %s of stack %s: %w", logicalID, stack, err)
			}
			return id, nil
		}
	}
	return "", fmt.Errorf("resolve %s: the assembly has no stack %s", logicalID, stack)
}

// replaceStrings applies f to every string that v holds.
func replaceStrings(v reflect.Value, f func(string) string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(f(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			replaceStrings(v.Elem(), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			replaceStrings(v.Field(i), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceStrings(v.Index(i), f)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			item := reflect.New(v.Type().Elem()).Elem()
			item.Set(v.MapIndex(key))
			replaceStrings(item, f)
			v.SetMapIndex(key, item)
		}
	case reflect.Interface:
		if !v.IsNil() {
			item := reflect.New(v.Elem().Type()).Elem()
			item.Set(v.Elem())
			replaceStrings(item, f)
			v.Set(item)
		}
	}
}
