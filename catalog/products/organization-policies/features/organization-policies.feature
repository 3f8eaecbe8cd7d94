Feature: Settings hold in every account

  Background:
    Given the template of product "organization-policies"
    And with parameter "Targets" set to "ou-fl33-prod0001"

  Scenario: They are attached where the consumer says
    Then every AWS::Organizations::Policy has property "TargetIds[]" equal to "ou-fl33-prod0001"
    And the parameter "Targets" refuses "everything"

  Scenario: Instances answer metadata requests with a token only
    Then the resource "Ec2Settings" has property "Type" equal to "DECLARATIVE_POLICY_EC2"
    And the policy "Ec2Settings" says "ec2_attributes.instance_metadata_defaults.http_tokens.@@assign" is "required"
    And the policy "Ec2Settings" says "ec2_attributes.instance_metadata_defaults.http_put_response_hop_limit.@@assign" is "2"
    And the policy "Ec2Settings" says "ec2_attributes.instance_metadata_defaults.http_endpoint.@@assign" is "enabled"

  Scenario: Images, snapshots and consoles are closed to the world
    Then the policy "Ec2Settings" says "ec2_attributes.image_block_public_access.state.@@assign" is "block_new_sharing"
    And the policy "Ec2Settings" says "ec2_attributes.snapshot_block_public_access.state.@@assign" is "block_all_sharing"
    And the policy "Ec2Settings" says "ec2_attributes.serial_console_access.status.@@assign" is "disabled"

  Scenario: Nobody reaches networks from the internet, unless exempted
    Then the policy "Ec2Settings" says "ec2_attributes.vpc_block_public_access.internet_gateway_block.mode.@@assign" is "block_ingress"
    And the policy "Ec2Settings" says "ec2_attributes.vpc_block_public_access.internet_gateway_block.exclusions_allowed.@@assign" is "enabled"

  Scenario: Blocking both ways admits no exemption
    Given with parameter "PublicVpcs" set to "block_bidirectional"
    Then the policy "Ec2Settings" says "ec2_attributes.vpc_block_public_access.internet_gateway_block.exclusions_allowed.@@assign" is "disabled"

  Scenario: Whoever is refused learns where to ask
    Given with parameter "HelpPage" set to "https://intranet.example.com/why"
    Then the policy "Ec2Settings" says "ec2_attributes.exception_message.@@assign" is "The organization's settings do not allow this. See https://intranet.example.com/why"
    And the parameter "HelpPage" refuses "http://example.com"

  Scenario: Buckets are private in every account unless the consumer says otherwise
    Then the resource "Buckets" has property "Type" equal to "S3_POLICY"
    And the policy "Buckets" says "s3_attributes.public_access_block_configuration.@@assign" is "all"
    And the output "BucketPolicyId" refers to "Buckets"

  Scenario: An account that serves the public can be spared
    Given with parameter "BucketPolicy" set to "false"
    Then the resource "Buckets" is not created

  Scenario: Tags are spelt and used alike
    Then the resource "Tags" has property "Type" equal to "TAG_POLICY"
    And the policy "Tags" says "tags.costcenter.tag_key.@@assign" is "CostCenter"
    And the policy "Tags" says "tags.environment.tag_key.@@assign" is "Environment"
    And the policy "Tags" says "tags.environment.tag_value.@@assign[0]" is "Production"
    And the policy "Tags" says "tags.environment.enforced_for.@@assign[0]" is "ec2:instance"
    And the policy "Tags" does not mention "tags.costcenter.enforced_for"

  Scenario: AWS trains nothing on the organization's content, and no account can allow it
    Then the resource "AiOptOut" has property "Type" equal to "AISERVICES_OPT_OUT_POLICY"
    And the policy "AiOptOut" says "services.default.opt_out_policy.@@assign" is "optOut"
    And the policy "AiOptOut" says "services.default.opt_out_policy.@@operators_allowed_for_child_policies[]" is "@@none"
    And the policy "AiOptOut" says "services.@@operators_allowed_for_child_policies[]" is "@@none"

  Scenario: Security services are left to other products by default
    Then the resource "SecurityHub" is not created
    And the resource "Inspector" is not created

  Scenario: Security Hub can be enabled by policy
    Given with parameter "SecurityServices" set to "securityhub"
    And with parameter "SecurityRegions" set to "eu-west-1"
    Then the resource "SecurityHub" has property "Type" equal to "SECURITYHUB_POLICY"
    And the policy "SecurityHub" says "securityhub.enable_in_regions.@@assign[]" is "eu-west-1"
    And the policy "SecurityHub" fits the quota of its type
    And the resource "Inspector" is not created

  Scenario: Inspector can be enabled by policy too
    Given with parameter "SecurityServices" set to "securityhub-and-inspector"
    And with parameter "SecurityRegions" set to "eu-west-1"
    Then the resource "Inspector" has property "Type" equal to "INSPECTOR_POLICY"
    And the policy "Inspector" says "inspector.enablement.ec2_scanning.enable_in_regions.@@assign[]" is "eu-west-1"
    And the policy "Inspector" says "inspector.enablement.ecr_scanning.enable_in_regions.@@assign[]" is "eu-west-1"
    And the policy "Inspector" says "inspector.enablement.lambda_standard_scanning.enable_in_regions.@@assign[]" is "eu-west-1"

  Scenario: Policies are as short as AWS wants them, and can be found
    Then the policy "Ec2Settings" fits the quota of its type
    And the policy "Tags" fits the quota of its type
    And the policy "AiOptOut" fits the quota of its type
    And the output "Ec2PolicyId" refers to "Ec2Settings"
    And the output "TagPolicyId" refers to "Tags"
    And the output "AiOptOutPolicyId" refers to "AiOptOut"

  Scenario: Policies are made one after the other, as Organizations takes them
    Given with parameter "SecurityServices" set to "securityhub-and-inspector"
    Then the resource "Tags" depends on "Ec2Settings"
    And the resource "AiOptOut" depends on "Tags"
    And the resource "Buckets" depends on "AiOptOut"
    And the resource "SecurityHub" depends on "AiOptOut"
    And the resource "Inspector" depends on "AiOptOut"
