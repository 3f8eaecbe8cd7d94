Feature: A bucket that cannot be read by accident, or lost by accident

  Background:
    Given the template of product "encrypted-bucket"

  Scenario: Objects are encrypted with the bucket's own key
    Then every AWS::S3::Bucket is encrypted with a customer key
    And the resource "Bucket" has property "BucketEncryption.ServerSideEncryptionConfiguration[].ServerSideEncryptionByDefault.KMSMasterKeyID" referring to "Key"
    And every AWS::KMS::Key rotates

  Scenario: Nobody puts an object with a weaker or a foreign key
    Then the resource "BucketPolicy" has property "PolicyDocument.Statement[1].Effect" equal to "Deny"
    And the resource "BucketPolicy" has property "PolicyDocument.Statement[1].Condition.StringNotEqualsIfExists.s3:x-amz-server-side-encryption-aws-kms-key-id" referring to "Key"
    And the resource "BucketPolicy" has property "PolicyDocument.Statement[2].Effect" equal to "Deny"
    And the resource "BucketPolicy" has property "PolicyDocument.Statement[2].Condition.StringNotEquals.s3:x-amz-server-side-encryption" equal to "aws:kms"

  Scenario: It is private, and reached by encrypted connections only
    Then every AWS::S3::Bucket blocks public access
    And every AWS::S3::Bucket refuses requests without TLS
    And the resource "Bucket" has property "OwnershipControls.Rules[].ObjectOwnership" equal to "BucketOwnerEnforced"

  Scenario: Mistakes can be undone
    Then the resource "Bucket" has property "VersioningConfiguration.Status" equal to "Enabled"
    And the parameter "NoncurrentVersionDays" refuses "1"
    And every AWS::S3::Bucket is kept when its stack is deleted
    And every AWS::KMS::Key is kept when its stack is deleted

  Scenario: Nothing is deleted unless somebody asks for it
    Then the resource "Bucket" has property "LifecycleConfiguration.Rules[].Id" equal to "old-versions"

  Scenario: Objects expire when asked
    Given with parameter "ExpirationDays" set to "400"
    Then the resource "Bucket" has property "LifecycleConfiguration.Rules[1].ExpirationInDays" equal to "400"

  Scenario: Workloads find it
    Then the output "BucketName" refers to "Bucket"
    And the output "KeyArn" refers to "Key"
