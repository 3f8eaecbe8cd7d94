package main

import "strings"

func resource(kind, properties string) map[string]string {
	return withTemplate("Resources:\n  R:\n    Type: " + kind + "\n    Properties: {" + properties + "}\n")
}

// codeAttempts bring code, or templates that no gate has seen.
func codeAttempts() []attempt {
	attempts := []attempt{
		{name: "a transform", files: withTemplate("Transform: AWS::Serverless-2016-10-31\n" + topic), rule: "manifest/TEMPLATE", at: at + ":1"},
		{name: "the language extensions", files: withTemplate("Transform: [AWS::LanguageExtensions]\n" + topic), rule: "manifest/TEMPLATE", at: at + ":1"},
		{name: "a macro in a property", files: resource("AWS::SNS::Topic", "Fn::Transform: {Name: Mine}"), rule: "manifest/TEMPLATE", at: at + ":4"},
		{name: "a macro by its short form", files: withTemplate("Resources:\n  R: !Transform {Name: AWS::Include, Parameters: {Location: s3://x/y}}\n"), rule: "manifest/TEMPLATE", at: at + ":2"},
		{name: "a loop", files: withTemplate("Resources:\n  Fn::ForEach::Topics: [x, [a], {T: {Type: AWS::SNS::Topic}}]\n"), rule: "manifest/TEMPLATE", at: at + ":2"},
		{name: "hooks of the template", files: withTemplate("Hooks: {}\n" + topic), rule: "manifest/TEMPLATE", at: at + ":1"},
		{name: "a nested stack", files: resource("AWS::CloudFormation::Stack", "TemplateURL: https://x.s3.amazonaws.com/y"), rule: "manifest/TEMPLATE", at: at + ":4"},
		{name: "a stack set with a template elsewhere", files: resource("AWS::CloudFormation::StackSet", "TemplateURL: https://x.s3.amazonaws.com/y"), rule: "manifest/TEMPLATE", at: at + ":4"},
		{name: "a stack set with a template in a text", files: resource("AWS::CloudFormation::StackSet", "TemplateBody: '{}'"), rule: "manifest/TEMPLATE", at: at + ":4"},
		{name: "a stack set whose file lies elsewhere", files: resource("AWS::CloudFormation::StackSet", "TemplateURL: stack-sets/../template.yaml"), rule: "manifest/TEMPLATE", at: at + ":4"},
		{name: "a stack set in a stack set", files: stackSet("Resources: {Inner: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: stack-sets/child.yaml}}}\n"),
			rule: "manifest/TEMPLATE", at: "products/sample/stack-sets/child.yaml:1"},
		{name: "a custom resource in a stack set", files: stackSet("Resources: {Inner: {Type: Custom::Anything}}\n"), rule: "manifest/TEMPLATE", at: "products/sample/stack-sets/child.yaml:1"},
		{name: "an open topic in a stack set", files: stackSet(openTopic), only: "policy", rule: openRule, at: "products/sample/stack-sets/child.yaml:2"},
		{name: "a type that looks like AWS's", files: resource("\u0410WS::SNS::Topic", ""), rule: "manifest/TEMPLATE", at: at + ":3"},
		{name: "a function", files: resource("AWS::Lambda::Function", ""), only: "policy", rule: "policy/SERVICE_ALLOWED", at: at + ":3"},
		{name: "a build", files: resource("AWS::CodeBuild::Project", ""), only: "policy", rule: "policy/SERVICE_ALLOWED", at: at + ":3"},
		{name: "user data", files: resource("AWS::EC2::Instance", "UserData: IyE="), only: "policy", rule: "policy/MACHINE_STARTS_NO_SCRIPT"},
		{name: "a script of Systems Manager", files: resource("AWS::SSM::Document", "Content: {mainSteps: [{name: x, action: \"aws:runShellScript\"}]}"), only: "policy", rule: "policy/DOCUMENT_RUNS_NO_SCRIPT"},
		{name: "a conformance pack from a bucket", files: resource("AWS::Config::ConformancePack", "TemplateS3Uri: s3://x/y"), only: "policy", rule: "policy/CONFORMANCE_PACK_IS_IN_THE_TEMPLATE"},
		{name: "a secret in a tag", files: resource("AWS::SNS::Topic", "Tags: [{Key: k, Value: '{{resolve:secretsmanager:payments}}'}]"), only: "policy", rule: "policy/DYNAMIC_REFERENCE_KNOWN", at: at + ":4"},
		{name: "a secret put together", files: resource("AWS::SNS::Topic", "DisplayName: !Sub ['{{${a}:ssm:/x}}', {a: resolve}]"), only: "policy", rule: "policy/DYNAMIC_REFERENCE_KNOWN", at: at + ":4"},
		{name: "a parameter read from Systems Manager", files: withTemplate("Parameters:\n  P: {Type: AWS::SSM::Parameter::Value<String>, Default: /mine}\n" + topic), only: "policy", rule: "policy/DYNAMIC_REFERENCE_KNOWN", at: at + ":2"},
	}
	for _, kind := range []string{
		"Custom::Anything", "AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Macro", "AWS::CloudFormation::LambdaHook",
		"AWS::CloudFormation::ResourceVersion", "AWS::CloudFormation::TypeActivation", "My::Own::Type", "AWS::S3::Bucket::MODULE",
	} {
		attempts = append(attempts, attempt{name: "type " + strings.ReplaceAll(kind, "::", " "), files: resource(kind, ""), rule: "manifest/TEMPLATE", at: at + ":3"})
	}
	return attempts
}

func stackSet(child string) map[string]string {
	return map[string]string{
		"template.yaml":         "Resources:\n  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: alias/mine}}\n  Set: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: stack-sets/child.yaml}}\n",
		"stack-sets/child.yaml": child,
	}
}

// taskcatAttempts are settings by which TaskCat would run code, choose credentials or read what is not the catalog's.
func taskcatAttempts() []attempt {
	const file = "products/sample/.taskcat.yml"
	var attempts []attempt
	add := func(name, body, place string) {
		attempts = append(attempts, attempt{name: "TaskCat: " + name, files: map[string]string{".taskcat.yml": body}, rule: "manifest/TASKCAT", at: place})
	}
	for _, setting := range []string{"hooks: {prehooks: [{type: x}]}", "auth: {default: prod}", "role_name: Admin", "s3_bucket: elsewhere"} {
		name, _, _ := strings.Cut(setting, ":")
		add(name+" of a test", "tests:\n  default:\n    "+setting+"\n", file+":3")
	}
	for _, setting := range []string{"package_lambda: true", "build_submodules: true", "lambda_source_path: ../../..", "auth: {default: prod}"} {
		name, _, _ := strings.Cut(setting, ":")
		add(name+" of the project", "project:\n  "+setting+"\ntests: {default: {}}\n", file+":2")
	}
	add("a general section", "general: {auth: {default: prod}}\ntests: {default: {}}\n", file+":1")
	add("a template elsewhere", "tests:\n  default:\n    template: ../../../etc/passwd\n", file+":3")
	add("a region elsewhere", "tests:\n  default:\n    regions: [us-east-1]\n", file+":3")
	add("no test", "tests: {}\n", file+":1")
	for _, value := range []string{"$[taskcat_ssm_/prod/key]", "$[taskcat_secretsmanager_prod]", "$[taskcat_presignedurl],b,k", "$[taskcat_getlicensecontent]", "$[taskcat_autobucket]", "a$[taskcat_ssm_/x]b"} {
		attempts = append(attempts, attempt{name: "TaskCat: " + strings.NewReplacer("/", " ", "$", "", "[", "", "]", "").Replace(value), rule: "manifest/TASKCAT", at: file + ":3", files: map[string]string{
			"template.yaml": "Parameters: {P: {Type: String, Default: x}}\n" + topic,
			".taskcat.yml":  "tests:\n  default:\n    parameters: {P: \"" + value + "\"}\n",
		}})
	}
	return append(attempts, attempt{name: "TaskCat: overrides", files: map[string]string{".taskcat_overrides.yml": "P: x\n"}, rule: "manifest/STRAY"})
}

// featureAttempts are scenarios that prove nothing, or are never run.
func featureAttempts() []attempt {
	const file = "products/sample/features/own.feature"
	feature := func(body string) map[string]string { return map[string]string{"features/own.feature": body} }
	const bad = "    Given the template of this product\n    Then there is no AWS::SNS::Topic\n"
	return []attempt{
		{name: "a tag that skips", files: feature("@skip @wip @ignore\nFeature: own\n  @skip\n  Scenario: s\n" + bad), rule: "features/SCENARIO", at: file + ":6"},
		{name: "an outline without rows", files: feature("Feature: own\n  Scenario: s\n    Given the template of this product\n    Then there is a AWS::SNS::Topic\n  Scenario Outline: o\n" + bad + "    Examples:\n      | a |\n"), rule: "features/EMPTY_SCENARIO", at: file + ":5"},
		{name: "an outline without examples", files: feature("Feature: own\n  Rule: r\n    Scenario Outline: o\n" + bad + "    Scenario: s\n      Given the catalog\n      Then no product has a AWS::IAM::User\n"), rule: "features/SCENARIO", at: file + ":5"},
		{name: "an outline of a hundred thousand rows", files: feature("Feature: own\n  Scenario Outline: o\n    Given the catalog\n    Then no product has a <a>\n    Examples:\n      | a |\n" + strings.Repeat("| b |\n", 100_000)), rule: "features/SIZE", at: file + ":1"},
		{name: "a background alone", files: feature("Feature: own\n  Background:\n" + bad), rule: "features/NO_SCENARIO", at: file + ":1"},
		{name: "a feature of comments", files: feature("# Feature: own\n#  Scenario: s\n"), rule: "features/NO_SCENARIO", at: file + ":1"},
		{name: "no feature", files: map[string]string{"features/own.feature": gone}, rule: "manifest/MISSING", at: "products/sample/features"},
		{name: "a feature that is none by name", files: map[string]string{"features/more.feature.txt": "x"}, rule: "manifest/STRAY"},
		{name: "a scenario that demands nothing", files: feature("Feature: own\n  Scenario: s\n    Given the template of this product\n"), rule: "features/EMPTY_SCENARIO", at: file + ":2"},
		{name: "a scenario without steps", files: feature("Feature: own\n  Scenario: s\n  Scenario: t\n    Given the catalog\n    Then no product has a AWS::IAM::User\n"), rule: "features/EMPTY_SCENARIO", at: file + ":2"},
		{name: "an undefined step", files: feature("Feature: own\n  Scenario: s\n    Given the template of this product\n    Then all is well\n"), rule: "features/UNDEFINED_STEP", at: file + ":4"},
		{name: "a text block for a step that takes none", files: feature("Feature: own\n  Scenario: s\n    Given the catalog\n    Then no product has a AWS::IAM::User\n      \"\"\"\n      x\n      \"\"\"\n"), rule: "features/STEP_ARGUMENT", at: file + ":4"},
		{name: "another language", files: feature("# language: de\nFunktionalität: own\n  Szenario: s\n    Angenommen the template of this product\n    Dann there is no AWS::SNS::Topic\n"), rule: "features/SCENARIO", at: file + ":5"},
		{name: "no Gherkin", files: feature("Scenario without feature\n"), rule: "features/SYNTAX", at: file + ":1"},
		{name: "a demand on nothing", files: feature("Feature: own\n  Scenario: s\n    Given the template of this product\n    Then every AWS::S3::Bucket blocks public access\n"), rule: "features/SCENARIO", at: file + ":4"},
		{name: "a feature in UTF-16", files: feature("\xff\xfe" + wide("Feature: own\n")), rule: "manifest/ENCODING", at: file},
		{name: "a catalog feature of the same name as a baseline one", files: map[string]string{"/features/products.feature": "Feature: own\n  Scenario: s\n" + bad}, rule: "features/SCENARIO", at: "features/products.feature:4"},
	}
}
