Feature: The log archive keeps logs, and keeps them to itself

  Background:
    Given the template of product "log-archive"

  Scenario: Logs are encrypted with a key of the account, which rotates
    Then every AWS::S3::Bucket is encrypted with a customer key
    And every AWS::KMS::Key rotates

  Scenario: Nobody outside can read logs, and nobody can read them in clear text on the way
    Then every AWS::S3::Bucket blocks public access
    And every AWS::S3::Bucket refuses requests without TLS
    And no AWS::S3::Bucket has property "AccessControl"

  Scenario: Logs outlive the stack that made the archive
    Then every AWS::S3::Bucket is kept when its stack is deleted
    And every AWS::KMS::Key is kept when its stack is deleted

  Scenario: A consumer gets a write-once archive unless asked otherwise
    Then the parameter "ObjectLock" has the default "true"
    And every AWS::S3::Bucket has property "ObjectLockEnabled" equal to "true"
    And every AWS::S3::Bucket has property "ObjectLockConfiguration.Rule.DefaultRetention.Mode" equal to "GOVERNANCE"

  Scenario: Test accounts can be cleaned up
    Given with the parameters of its manifest
    Then no AWS::S3::Bucket has property "ObjectLockConfiguration"

  Scenario: A write-once archive lets in only what AWS delivers to it
    Given with parameter "OrganizationId" set to "o-exampleorgid"
    Then the resource "LogBucketPolicy" has property "PolicyDocument.Statement[1].Principal.Service[1]" equal to "delivery.logs.amazonaws.com"
    And the resource "LogBucketPolicy" has property "PolicyDocument.Statement[2].Principal.Service[0]" equal to "cloudtrail.amazonaws.com"
    And no AWS::S3::BucketPolicy has property "PolicyDocument.Statement[1].Principal.Service[2]"
    And no AWS::S3::BucketPolicy has property "PolicyDocument.Statement[2].Principal.Service[2]"
    And no AWS::S3::BucketPolicy has property "PolicyDocument.Statement[3].Principal.Service[2]"
    And no AWS::S3::BucketPolicy has property "PolicyDocument.Statement[4].Principal.Service[2]"

  Scenario: An archive that is not write-once takes Config's history and S3's access logs too
    Given with parameter "ObjectLock" set to "false"
    And with parameter "OrganizationId" set to "o-exampleorgid"
    Then the resource "LogBucketPolicy" has property "PolicyDocument.Statement[2].Principal.Service[1]" equal to "config.amazonaws.com"
    And the resource "LogBucketPolicy" has property "PolicyDocument.Statement[2].Principal.Service[3]" equal to "logging.s3.amazonaws.com"
    And the resource "LogBucketPolicy" has property "PolicyDocument.Statement[4].Principal.Service[1]" equal to "config.amazonaws.com"

  Scenario: Logs are never kept for less than a quarter
    Then the parameter "RetentionDays" refuses "89"
    And the parameter "RetentionDays" accepts "90"

  Scenario: Consumers can point other services at it
    Then the output "BucketName" refers to "LogBucket"
    And the output "KeyArn" refers to "LogKey"

  Scenario: Services write on behalf of this account only, unless an organization is named
    Then the resource "LogBucketPolicy" has property "PolicyDocument.Statement[1].Condition.StringEquals.aws:SourceAccount" equal to "222222222222"
    And the resource "LogBucketPolicy" has property "PolicyDocument.Statement[2].Condition.StringEquals.aws:SourceAccount" equal to "222222222222"
    And the resource "LogKey" has property "KeyPolicy.Statement[1].Condition.StringEquals.aws:SourceAccount" equal to "222222222222"
    And no AWS::S3::BucketPolicy has property "PolicyDocument.Statement[3]"
    And no AWS::KMS::Key has property "KeyPolicy.Statement[2]"

  Scenario: All accounts of the organization deliver, and nobody else
    Given with parameter "OrganizationId" set to "o-exampleorgid"
    Then the resource "LogBucketPolicy" has property "PolicyDocument.Statement[3].Condition.StringEquals.aws:SourceOrgID" equal to "o-exampleorgid"
    And the resource "LogBucketPolicy" has property "PolicyDocument.Statement[4].Condition.StringEquals.aws:SourceOrgID" equal to "o-exampleorgid"
    And the resource "LogBucketPolicy" has property "PolicyDocument.Statement[4].Action" equal to "s3:PutObject"
    And the resource "LogKey" has property "KeyPolicy.Statement[2].Condition.StringEquals.aws:SourceOrgID" equal to "o-exampleorgid"
    And the parameter "OrganizationId" refuses "222222222222"

  Scenario: Every version of a log is kept as long as the log
    Then every AWS::S3::Bucket has property "VersioningConfiguration.Status" equal to "Enabled"
    And the resource "LogBucket" has property "LifecycleConfiguration.Rules[0].ExpirationInDays" equal to "2555"
    And the resource "LogBucket" has property "LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration.NoncurrentDays" equal to "2555"
