Feature: Config records everything and its history is safe

  Background:
    Given the template of product "config-recorder"

  Scenario: Every resource is recorded and delivered
    Then the product enables "config"
    And the resource "Recorder" has property "RecordingGroup.AllSupported" equal to "true"
    And the resource "Recorder" has property "RecordingMode.RecordingFrequency" equal to "CONTINUOUS"
    And the resource "DeliveryChannel" has property "S3BucketName" referring to "HistoryBucket"

  Scenario: The history is encrypted, private, and outlives the stack
    Then every AWS::S3::Bucket is encrypted with a customer key
    And every AWS::S3::Bucket blocks public access
    And every AWS::S3::Bucket refuses requests without TLS
    And every AWS::S3::Bucket is kept when its stack is deleted
    And every AWS::S3::Bucket has property "VersioningConfiguration.Status" equal to "Enabled"
    And every AWS::KMS::Key rotates
    And the resource "HistoryBucketPolicy" has property "PolicyDocument.Statement[1].Condition.StringEquals.aws:SourceAccount" equal to "222222222222"
    And the resource "HistoryBucketPolicy" has property "PolicyDocument.Statement[2].Condition.StringEquals.aws:SourceAccount" equal to "222222222222"
    And the resource "HistoryKey" has property "KeyPolicy.Statement[1].Principal.Service" equal to "config.amazonaws.com"
    And the resource "HistoryKey" has property "KeyPolicy.Statement[1].Condition.StringEquals.aws:SourceAccount" equal to "222222222222"

  Scenario: Only Config acts as the recorder, and it can only deliver
    Then the role "RecorderRole" may be assumed only by "config.amazonaws.com"
    And the resource "Recorder" has property "RoleARN" referring to "RecorderRole"
    And the role "RecorderRole" attaches only the managed policy "service-role/AWS_ConfigRole"
    And the role "RecorderRole" can "s3:PutObject"
    And the role "RecorderRole" can "s3:GetBucketAcl"
    And the role "RecorderRole" can "kms:GenerateDataKey"
    And the role "RecorderRole", managed policies aside, cannot "s3:*" on any resource outside the product
    And the role "RecorderRole", managed policies aside, cannot "iam:*"
    And every AWS::IAM::Role has the permissions boundary

  Scenario: Global resources can be left to another region
    Given with parameter "GlobalResources" set to "false"
    Then the resource "Recorder" has property "RecordingGroup.IncludeGlobalResourceTypes" equal to "false"

  Scenario: An archive of another account can keep the history
    Given with parameter "ArchiveBucketName" set to "log-archive-example"
    And with parameter "ArchiveKeyArn" set to "arn:aws:kms:eu-west-1:555555555555:key/11111111-2222-3333-4444-555555555555"
    Then the resource "DeliveryChannel" has property "S3BucketName" equal to "log-archive-example"
    And the resource "DeliveryChannel" has property "S3KmsKeyArn" equal to "arn:aws:kms:eu-west-1:555555555555:key/11111111-2222-3333-4444-555555555555"
    And the resource "RecorderRole" has property "Policies[0].PolicyDocument.Statement[0].Resource" equal to "arn:aws:s3:::log-archive-example/AWSLogs/222222222222/Config/*"
    And the resource "HistoryBucket" is not created
    And there is no AWS::KMS::Key

  Scenario: History is never kept for less than a quarter
    Then the parameter "RetentionDays" refuses "89"
    And the resource "HistoryBucket" has property "LifecycleConfiguration.Rules[0].ExpirationInDays" equal to "2555"
