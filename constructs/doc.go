// Package constructs holds the parts that the stacks are built of: roles, buckets, keys, build actions, the pipeline, the approval,
// products and portfolios.
//
// A part takes plain Go values (names and ARNs come from internal/config) and is the only place where they become CDK values. Parts
// use the CloudFormation level of the CDK: every name is known before synthesis, so there is nothing to grant or to generate, each
// policy can be read where it is written, and a synth needs few calls into the jsii kernel. References between resources of one
// stack are tokens, because CloudFormation orders creation by them; references to other stacks are names.
//
// What AWS would refuse later is not checked here but on the finished templates, in stacks/limits.go. Start at policy.go and role.go.
package constructs
