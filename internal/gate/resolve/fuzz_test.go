package resolve

import (
	"fmt"
	"testing"
	"time"

	strict "accountfleet/internal/document"
)

// patience is how long a template may take; fuzzing runs on busy machines.
const patience = 10 * time.Second

// FuzzResolve holds that whatever passes the strict loader is resolved, or refused with a reason, within the time, for every variant.
func FuzzResolve(f *testing.F) {
	for _, seed := range []string{
		`{"Resources": {"R": {"Type": "T"}}}`, `{"Resources": []}`, `{"Resources": {"R": []}}`, `{"Conditions": {"A": {"Condition": "A"}}, "Resources": {"R": {"Condition": "A"}}}`,
		`{"Conditions": {"A": {"Fn::Equals": [{"Ref": "P"}, "x"]}}, "Parameters": {"P": {"AllowedValues": [1, [], {}], "AllowedPattern": "("}}, "Resources": {"R": {"Condition": "A"}}}`,
		`{"Resources": {"R": {"Properties": {"A": {"Fn::Cidr": ["10.0.0.0/8", 256, 8]}, "B": {"Fn::Cidr": ["::/0", 1, 1]}, "C": {"Fn::Cidr": ["0.0.0.0/0", 256, 32]}}}}}`,
		`{"Mappings": {"M": {"a": 1, "b": {"c": []}}}, "Resources": {"R": {"Properties": {"A": {"Fn::FindInMap": ["M", "a", "b"]}, "B": {"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, {"Ref": "P"}, 1]}}}}}`,
		`{"Resources": {"R": {"Properties": {"A": {"Fn::Select": [-1, []]}, "B": {"Fn::Select": ["x", {"Fn::Split": ["", "abc"]}]}, "C": {"Fn::Sub": ["${a} ${!b} ${", {"a": {"Ref": "R"}}]}, "D": {"Fn::GetAtt": "R"}}}}}`,
		`{"Resources": {"R": {"Properties": {"A": {"Fn::If": ["C", {"Fn::If": ["C", 1, 2]}, 3]}, "B": {"Fn::If": []}}}}, "Conditions": {"C": {"Fn::And": [{"Fn::Or": [{"Condition": "C"}]}]}}}`,
		`{"Resources": {"R": {"Properties": {"A": {"Fn::ToJsonString": {"Ref": "AWS::NoValue"}}, "B": {"Fn::Length": {"Ref": "P"}}, "C": {"Fn::Base64": 1}, "D": {"Fn::ImportValue": []}}}}, "Parameters": {"P": []}}`,
		`{"Outputs": {"O": {"Value": {"Ref": "X"}, "Export": {"Name": {"Ref": "AWS::NoValue"}}}, "P": 1}, "Resources": {"R": {"DependsOn": ["R", 1], "DeletionPolicy": {"Fn::If": ["X", 1, 2]}}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d, _ := strict.Parse("f.json", []byte(body), strict.Options{CloudFormation: true})
		if d == nil {
			return
		}
		doc, ok := d.Value.(map[string]any)
		if !ok {
			return
		}
		late := time.AfterFunc(patience, func() { panic(t.Name() + " takes too long: " + body) })
		defer late.Stop()
		in := Input{Region: "eu-west-1", Account: "222222222222", StackName: "s"}
		variants, err := Explore(doc, in, []string{"eu-west-1", "us-east-1"})
		if len(variants) == 0 && err == nil {
			t.Fatal("no variant, and nothing says why")
		}
		if len(variants) > 1000 {
			t.Fatalf("%d variants", len(variants))
		}
		for _, v := range variants {
			resolved, err := Resolve(doc, v)
			if (resolved == nil) == (err == nil) {
				t.Fatalf("resolved %v with error %v", resolved, err)
			}
			if err == nil {
				_ = strict.Canonical(resolved.Document()) // panics on what has no JSON form
				_ = fmt.Sprint(resolved.Outputs)
			}
		}
	})
}
