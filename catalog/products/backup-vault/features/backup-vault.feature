Feature: Backups exist, and survive whoever wants them gone

  Background:
    Given the template of product "backup-vault"

  Scenario: Backups are encrypted with a key that outlives the stack
    Then every AWS::Backup::BackupVault is encrypted with a customer key
    And the resource "Vault" has property "EncryptionKeyArn" referring to "Key"
    And every AWS::KMS::Key rotates
    And every AWS::KMS::Key is kept when its stack is deleted
    And every AWS::Backup::BackupVault is kept when its stack is deleted

  Scenario: Nobody deletes a backup by hand, or shortens its life
    Then the resource "Vault" has property "AccessPolicy.Statement[0].Effect" equal to "Deny"
    And the resource "Vault" has property "AccessPolicy.Statement[0].Principal" equal to "*"
    And the resource "Vault" has property "AccessPolicy.Statement[0].Action[0]" equal to "backup:DeleteRecoveryPoint"
    And the resource "Vault" has property "AccessPolicy.Statement[0].Action[1]" equal to "backup:UpdateRecoveryPointLifecycle"

  Scenario: The vault is locked unless somebody says otherwise
    Then the resource "Vault" has property "LockConfiguration.MinRetentionDays" equal to "7"
    And no AWS::Backup::BackupVault has property "LockConfiguration.ChangeableForDays"

  Scenario: A lock for good leaves three days to think again
    Given with parameter "Lock" set to "compliance"
    Then the resource "Vault" has property "LockConfiguration.ChangeableForDays" equal to "3"

  Scenario: Daily and monthly backups are kept long enough
    Then the resource "Plan" has property "BackupPlan.BackupPlanRule[0].Lifecycle.DeleteAfterDays" equal to "35"
    And the resource "Plan" has property "BackupPlan.BackupPlanRule[1].Lifecycle.DeleteAfterDays" equal to "365"
    And the resource "Plan" has property "BackupPlan.BackupPlanRule[].TargetBackupVault" referring to "Vault"
    And the parameter "DailyRetentionDays" refuses "1"

  Scenario: What carries the tag is selected
    Then the resource "Selection" has property "BackupSelection.ListOfTags[].ConditionKey" equal to "backup"
    And the resource "Selection" has property "BackupSelection.ListOfTags[].ConditionValue" equal to "daily"
    And the resource "Selection" has property "BackupSelection.IamRoleArn" referring to "BackupRole"

  Scenario: Only the backup service acts by the role
    Then the role "BackupRole" may be assumed only by "backup.amazonaws.com"
    And every AWS::IAM::Role has the permissions boundary
    And the role "BackupRole", managed policies aside, cannot "*"

  Scenario: Failures are told when somebody listens
    Given with parameter "AlertTopicArn" set to "arn:aws:sns:eu-west-1:222222222222:alerts"
    Then the resource "Vault" has property "Notifications.BackupVaultEvents[0]" equal to "BACKUP_JOB_FAILED"
