// Written by fleet steps --format glue, for editors: what each sentence demands. Nothing runs this file.
defineParameterType({name: "type", regexp: /[A-Za-z0-9]+::[A-Za-z0-9:]+/})

// What is looked at
Given("the template of product {string}") // Looks at one product: template defaults, the home region, no other parameter.
Given("the template of this product") // As above, for the product in whose folder the feature lies; baseline features run it for every product.
Given("with parameter {string} set to {string}") // Gives a parameter a value; a value that the template does not accept fails.
Given("with the parameters of its manifest") // Gives the values under parameters in product.yaml.
Given("with the parameters of test {string}") // Gives the values of a test in .taskcat.yml.
Given("in region {string}") // Sets AWS::Region.
Given("in account {string}") // Sets AWS::AccountId.
Given("the catalog") // Looks at all products at once.
Given("requests that carry:") // Says, in a table of condition key and value, what every request of the scenario carries; (absent) says that it does not.

// Resources
Given("there is a {type}") // At least one resource of the type is created.
Given("there is no {type}") // No resource of the type is created.
Given("there are {int} {type}") // Exactly that many resources of the type are created.
Given("the resource {string} is a {type}") // The resource is created and has the type.
Given("the resource {string} is not created") // The template has the resource, and its condition is false.
Given("the resource {string} has property {string} equal to {string}") // The property, a dotted path with [] for every element of a list, is known and has the value.
Given("the resource {string} has property {string} referring to {string}") // The property is a Ref, GetAtt or Sub of the other resource.
Given("every {type}(, if any,) has property {string}") // The property is present.
Given("every {type}(, if any,) has property {string} equal to {string}") // The property is known and has the value.
Given("no {type} has property {string}") // The property is absent from every resource of the type.
Given("no {type} has property {string} equal to {string}") // No resource of the type has the value; a value that cannot be known fails.
Given("every {type}(, if any,) is kept when its stack is deleted") // DeletionPolicy and UpdateReplacePolicy are Retain (or RetainExceptOnCreate).
Given("the resource {string} depends on {string}") // Directly or through others, by DependsOn or a reference.

// Protection
Given("every {type}(, if any,) is encrypted with a customer key") // The type's key property names a KMS key that is not managed by AWS.
Given("every AWS::S3::Bucket(, if any,) blocks public access") // All four settings of PublicAccessBlockConfiguration are true.
Given("every AWS::S3::Bucket(, if any,) refuses requests without TLS") // A bucket policy denies s3:* to everyone on bucket and objects where aws:SecureTransport is false.
Given("every AWS::KMS::Key(, if any,) rotates") // EnableKeyRotation is true.
Given("every AWS::Logs::LogGroup(, if any,) keeps events for at least {int} days") // RetentionInDays is known and not smaller.
Given("every AWS::EC2::VPC(, if any,) has a flow log") // An AWS::EC2::FlowLog of all traffic refers to it.
Given("port {int} is not open to the world") // No ingress rule of a security group admits 0.0.0.0/0 or ::/0 on the port.

// Permissions
Given("every AWS::IAM::Role(, if any,) has the permissions boundary") // PermissionsBoundary is the fleet's boundary policy of the account.
Given("the role {string} may be assumed only by {string}") // Every principal of the trust policy is the one named: a service, an account or an ARN.
Given("the role {string} attaches only the managed policy {string}") // No managed policy is attached but the one of AWS with that path and name; an empty name means none.
Given("the role {string} can {string}") // A statement in the template allows the action on some resource and none denies it everywhere.
Given("the role {string}(, managed policies aside,) cannot {string}") // No statement allows any action that the pattern covers, on any resource; a managed policy from elsewhere may, unless it is left aside.
Given("the role {string}(, managed policies aside,) cannot {string} on any resource outside the product") // Statements that allow such an action name resources of this template only.
Given("no role(, managed policies aside,) can {string}") // As above, for every role, and every policy that stands alone, of the template.

// Parameters and outputs
Given("the parameter {string} has the default {string}") // The template gives that default.
Given("the parameter {string} accepts {string}") // AllowedValues, AllowedPattern, lengths and bounds admit the value.
Given("the parameter {string} refuses {string}") // One of them does not.
Given("the output {string} exists") // The output is there and its condition holds.
Given("the output {string} is {string}") // The output is known and has the value.
Given("the output {string} refers to {string}") // The output is a Ref, GetAtt or Sub of the resource.

// Organization policies
Given("the policy {string} denies {string} on {string}") // A statement of the service or resource control policy denies the request; a condition that cannot be evaluated fails.
Given("the policy {string} denies {string} on {string} when:") // As above, for a request that carries the condition keys of the table too.
Given("the policy {string} allows {string} on {string}") // No statement denies the request: such a policy grants nothing by itself, it only leaves it to others.
Given("the policy {string} allows {string} on {string} when:") // As above, for a request that carries the condition keys of the table too.
Given("no policy denies {string} on {string}") // None of the template's service and resource control policies denies the request.
Given("no policy denies {string} on {string} when:") // As above, for a request that carries the condition keys of the table too.
Given("the policy {string} says {string} is {string}") // The content of the organization policy, an object or JSON text, has the value at the dotted path.
Given("the policy {string} does not mention {string}") // The content has nothing at the dotted path.
Given("the policy {string} fits the quota of its type") // Its content has no more characters than AWS Organizations takes.

// Services and the catalog
Given("the product enables {string}") // The template creates what switches the service on, and does not switch it off: accessanalyzer, cloudtrail, config, detective, guardduty, macie, securityhub, vpc-flow-logs.
Given("some product enables {string}") // Holds for at least one product, with template defaults.
Given("some product enables each required service") // As above, for every service under required_services in fleet.yaml.
Given("no product has a {type}") // No template creates a resource of the type.
Given("at most one product has a {type}") // For what may exist once per account and region.
Given("portfolio {string} offers product {string}") // The product's manifest names the portfolio.
