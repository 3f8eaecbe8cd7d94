package iam

// path is a known way from some permissions to more than were given.
type path struct {
	name    string   // ends the rule's name
	actions []string // all of them are needed; the first is the one that must be limited
	service string   // for iam:PassRole: the service that takes the role, as iam:PassedToService names it
	does    string   // what whoever has the actions can do
}

// rule is the name by which findings of the path are waived.
func (p path) rule() string { return Prefix + "ESCALATES_BY_" + p.name }

const (
	anyRole    = "acts as any role that it passes"
	anyService = "acts as the role of whatever it changes"
)

func passing(name, service string, actions ...string) path {
	return path{name, append([]string{"iam:PassRole"}, actions...), service, anyRole}
}

// paths are the known ways. Sources: Rhino Security Labs, "AWS IAM Privilege Escalation - Methods and Mitigation" (2018) and its aws_escalate
// tool; Bishop Fox, "Privilege Escalation in AWS" and IAM Vulnerable (2021); Datadog, pathfinding.cloud; the Service Authorization
// Reference for the names of actions and the services that iam:PassedToService knows.
var paths = []path{
	{"NEW_POLICY_VERSION", []string{"iam:CreatePolicyVersion"}, "", "writes a new version of a policy, with any permission"},
	{"DEFAULT_POLICY_VERSION", []string{"iam:SetDefaultPolicyVersion"}, "", "brings an older, wider version of a policy back"},
	{"ATTACHING_TO_ROLE", []string{"iam:AttachRolePolicy"}, "", "attaches an administrator's policy to a role"},
	{"ATTACHING_TO_USER", []string{"iam:AttachUserPolicy"}, "", "attaches an administrator's policy to a user"},
	{"ATTACHING_TO_GROUP", []string{"iam:AttachGroupPolicy"}, "", "attaches an administrator's policy to a group"},
	{"WRITING_ROLE_POLICY", []string{"iam:PutRolePolicy"}, "", "writes any permission into a role"},
	{"WRITING_USER_POLICY", []string{"iam:PutUserPolicy"}, "", "writes any permission into a user"},
	{"WRITING_GROUP_POLICY", []string{"iam:PutGroupPolicy"}, "", "writes any permission into a group"},
	{"JOINING_GROUP", []string{"iam:AddUserToGroup"}, "", "joins an administrators' group"},
	{"WRITING_TRUST", []string{"iam:UpdateAssumeRolePolicy"}, "", "makes any role trust whom it wants"},
	{"ACCESS_KEY", []string{"iam:CreateAccessKey"}, "", "makes a key of another user and acts as him"},
	{"LOGIN_PROFILE", []string{"iam:CreateLoginProfile"}, "", "gives a user a password and signs in as him"},
	{"PASSWORD", []string{"iam:UpdateLoginProfile"}, "", "sets the password of a user and signs in as him"},
	{"SERVICE_CREDENTIAL", []string{"iam:CreateServiceSpecificCredential"}, "", "makes a credential of another user for a service"},
	{"RESET_CREDENTIAL", []string{"iam:ResetServiceSpecificCredential"}, "", "learns a new password of another user for a service"},
	{"ROLE_BOUNDARY", []string{"iam:DeleteRolePermissionsBoundary"}, "", "takes the boundary off a role"},
	{"NEW_ROLE_BOUNDARY", []string{"iam:PutRolePermissionsBoundary"}, "", "replaces the boundary of a role by a wider one"},
	{"USER_BOUNDARY", []string{"iam:DeleteUserPermissionsBoundary"}, "", "takes the boundary off a user"},
	{"NEW_USER_BOUNDARY", []string{"iam:PutUserPermissionsBoundary"}, "", "replaces the boundary of a user by a wider one"},
	{"SAML_PROVIDER", []string{"iam:UpdateSAMLProvider"}, "", "signs in through an identity provider of its own, as any role that trusts that provider"},
	{"PERMISSION_SET", []string{"sso:PutInlinePolicyToPermissionSet"}, "", "writes any permission into a permission set"},
	{"MANAGED_PERMISSION_SET", []string{"sso:AttachManagedPolicyToPermissionSet"}, "", "attaches an administrator's policy to a permission set"},
	{"ASSIGNMENT", []string{"sso:CreateAccountAssignment"}, "", "assigns any permission set in any account to itself"},

	passing("FUNCTION", "lambda.amazonaws.com", "lambda:CreateFunction"),
	passing("FUNCTION_ROLE", "lambda.amazonaws.com", "lambda:UpdateFunctionConfiguration"),
	passing("INSTANCE", "ec2.amazonaws.com", "ec2:RunInstances"),
	passing("INSTANCE_PROFILE", "ec2.amazonaws.com", "ec2:AssociateIamInstanceProfile"),
	passing("REPLACED_PROFILE", "ec2.amazonaws.com", "ec2:ReplaceIamInstanceProfileAssociation"),
	passing("SPOT_FLEET", "ec2.amazonaws.com", "ec2:RequestSpotInstances"),
	passing("SCALING_GROUP", "ec2.amazonaws.com", "autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"),
	passing("LAUNCH_TEMPLATE", "ec2.amazonaws.com", "ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup"),
	passing("TASK", "ecs-tasks.amazonaws.com", "ecs:RunTask"),
	passing("TASK_ON_INSTANCE", "ecs-tasks.amazonaws.com", "ecs:StartTask"),
	passing("CONTAINER_SERVICE", "ecs-tasks.amazonaws.com", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
	passing("STACK", "cloudformation.amazonaws.com", "cloudformation:CreateStack"),
	passing("UPDATED_STACK", "cloudformation.amazonaws.com", "cloudformation:UpdateStack"),
	passing("CHANGE_SET", "cloudformation.amazonaws.com", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
	passing("STACK_SET", "cloudformation.amazonaws.com", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"),
	passing("BUILD", "codebuild.amazonaws.com", "codebuild:CreateProject"),
	passing("CHANGED_BUILD", "codebuild.amazonaws.com", "codebuild:UpdateProject"),
	passing("PIPELINE", "codepipeline.amazonaws.com", "codepipeline:CreatePipeline"),
	passing("DATA_PIPELINE", "datapipeline.amazonaws.com", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"),
	passing("GLUE_ENDPOINT", "glue.amazonaws.com", "glue:CreateDevEndpoint"),
	passing("GLUE_JOB", "glue.amazonaws.com", "glue:CreateJob"),
	passing("GLUE_JOB_ROLE", "glue.amazonaws.com", "glue:UpdateJob"),
	passing("GLUE_SESSION", "glue.amazonaws.com", "glue:CreateSession"),
	passing("NOTEBOOK", "sagemaker.amazonaws.com", "sagemaker:CreateNotebookInstance"),
	passing("TRAINING", "sagemaker.amazonaws.com", "sagemaker:CreateTrainingJob"),
	passing("PROCESSING", "sagemaker.amazonaws.com", "sagemaker:CreateProcessingJob"),
	passing("STATE_MACHINE", "states.amazonaws.com", "states:CreateStateMachine"),
	passing("CHANGED_STATE_MACHINE", "states.amazonaws.com", "states:UpdateStateMachine"),
	passing("BATCH_JOB", "ecs-tasks.amazonaws.com", "batch:RegisterJobDefinition", "batch:SubmitJob"),
	passing("CONTAINER_APP", "tasks.apprunner.amazonaws.com", "apprunner:CreateService"),
	passing("CLUSTER", "ec2.amazonaws.com", "elasticmapreduce:RunJobFlow"),
	passing("AUTOMATION", "ssm.amazonaws.com", "ssm:StartAutomationExecution"),
	passing("SCHEDULE", "scheduler.amazonaws.com", "scheduler:CreateSchedule"),

	{"FUNCTION_CODE", []string{"lambda:UpdateFunctionCode"}, "", anyService},
	{"FUNCTION_LAYER", []string{"lambda:UpdateFunctionConfiguration"}, "", "puts a layer of its code before a function and acts as the function's role"},
	{"ENDPOINT_KEY", []string{"glue:UpdateDevEndpoint"}, "", "signs in to a development endpoint and acts as its role"},
	{"COMMAND", []string{"ssm:SendCommand"}, "", "runs commands on any machine and acts as its role"},
	{"SESSION", []string{"ssm:StartSession"}, "", "opens a shell on any machine and acts as its role"},
	{"SSH_KEY", []string{"ec2-instance-connect:SendSSHPublicKey"}, "", "signs in to any machine and acts as its role"},
	{"USER_DATA", []string{"ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"}, "", "replaces what a machine runs at its start and acts as its role"},
	{"CONTAINER_SHELL", []string{"ecs:ExecuteCommand"}, "", "opens a shell in any container and acts as its role"},
	{"BUILD_OVERRIDE", []string{"codebuild:StartBuild"}, "", "runs its own buildspec in any project and acts as its role"},
	{"NOTEBOOK_URL", []string{"sagemaker:CreatePresignedNotebookInstanceUrl"}, "", "opens any notebook and acts as its role"},
}
