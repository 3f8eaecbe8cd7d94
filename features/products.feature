Feature: What every product must do

  Background:
    Given the template of this product

  Scenario: Data is safe at rest and on the way
    Then every AWS::S3::Bucket, if any, is encrypted with a customer key
    And every AWS::S3::Bucket, if any, blocks public access
    And every AWS::S3::Bucket, if any, refuses requests without TLS
    And every AWS::KMS::Key, if any, rotates

  Scenario: Nobody administers anything from the internet
    Then port 22 is not open to the world
    And port 3389 is not open to the world

  Scenario: Networks are observed
    Then every AWS::EC2::VPC, if any, has a flow log

  Scenario: Roles stay within the fleet's bounds
    Then every AWS::IAM::Role, if any, has the permissions boundary
    And there is no AWS::IAM::User
    And there is no AWS::IAM::AccessKey

  Scenario: No product can blind the organization or take it over
    Then no role, managed policies aside, can "iam:CreateUser"
    And no role, managed policies aside, can "iam:CreateAccessKey"
    And no role, managed policies aside, can "organizations:LeaveOrganization"
    And no role, managed policies aside, can "cloudtrail:StopLogging"
    And no role, managed policies aside, can "guardduty:DeleteDetector"
    And no role, managed policies aside, can "config:StopConfigurationRecorder"
    And no role, managed policies aside, can "securityhub:DisableSecurityHub"
