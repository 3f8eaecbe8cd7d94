Feature: A volume whose content stays with its owner

  Background:
    Given the template of product "encrypted-volume"

  Scenario: It is encrypted with its own key
    Then every AWS::EC2::Volume is encrypted with a customer key
    And the resource "Volume" has property "Encrypted" equal to "true"
    And the resource "Volume" has property "KmsKeyId" referring to "Key"
    And every AWS::KMS::Key rotates

  Scenario: Its snapshots can be read as long as they exist
    Then every AWS::KMS::Key is kept when its stack is deleted

  Scenario: It is backed up unless somebody says otherwise
    Then the resource "Volume" has property "Tags[1].Key" equal to "backup"
    And the resource "Volume" has property "Tags[1].Value" equal to "daily"

  Scenario: It lies where its instance is
    Given with parameter "AvailabilityZone" set to "eu-west-1b"
    Then the resource "Volume" has property "AvailabilityZone" equal to "eu-west-1b"

  Scenario: What the service would refuse late is refused early
    Then the parameter "AvailabilityZone" refuses "Ireland"
    And the parameter "SizeGiB" refuses "0"
    And the parameter "Iops" refuses "100"
    And the parameter "ThroughputMiBps" refuses "2000"

  Scenario: It can be attached
    Then the output "VolumeId" refers to "Volume"
    And the output "KeyArn" refers to "Key"
