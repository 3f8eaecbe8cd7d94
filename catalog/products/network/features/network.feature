Feature: The network has no way in from the internet

  Background:
    Given the template of product "network"

  Scenario: Nothing connects it to the internet
    Then there is no AWS::EC2::InternetGateway
    And there is no AWS::EC2::NatGateway
    And no AWS::EC2::Subnet has property "MapPublicIpOnLaunch" equal to "true"

  Scenario: It spans two zones
    Then there are 2 AWS::EC2::Subnet

  Scenario: All traffic is logged, encrypted and kept
    Then every AWS::EC2::VPC has a flow log
    And the resource "FlowLog" has property "TrafficType" equal to "ALL"
    And every AWS::Logs::LogGroup is encrypted with a customer key
    And every AWS::Logs::LogGroup keeps events for at least 365 days
    And every AWS::KMS::Key rotates

  Scenario: The flow log's role can write its log group and nothing else
    Then the role "FlowLogRole" may be assumed only by "vpc-flow-logs.amazonaws.com"
    And the role "FlowLogRole" cannot "logs:*" on any resource outside the product
    And the role "FlowLogRole" cannot "s3:*"

  Scenario: Only ranges of the organization are accepted
    Then the parameter "Cidr" accepts "10.12.16.0/20"
    And the parameter "Cidr" refuses "192.168.0.0/20"
    And the parameter "Cidr" refuses "10.0.0.0/8"

  Scenario: Endpoints serve the account's own principals only
    Then every AWS::EC2::VPCEndpoint has property "PolicyDocument.Statement[].Condition.StringEquals.aws:PrincipalAccount" equal to "222222222222"
    And there are 2 AWS::EC2::VPCEndpoint

  Scenario: Machines are administered without a way in
    Given with parameter "InterfaceEndpoints" set to "session-manager"
    Then the resource "SsmEndpoint" has property "SecurityGroupIds[]" referring to "EndpointGroup"
    And the resource "SsmMessagesEndpoint" has property "PrivateDnsEnabled" equal to "true"
    And the resource "EndpointGroup" has property "SecurityGroupIngress[].CidrIp" equal to "10.0.0.0/20"
    And the resource "EndpointGroup" has property "SecurityGroupIngress[].FromPort" equal to "443"
    And the resource "KmsEndpoint" is not created

  Scenario: Workloads reach logs, keys and tokens from inside
    Given with parameter "InterfaceEndpoints" set to "workloads"
    Then there are 7 AWS::EC2::VPCEndpoint
    And every AWS::EC2::SecurityGroup has property "SecurityGroupEgress[].CidrIp" equal to "10.0.0.0/20"

  Scenario: Endpoints that cost money are made only when asked for
    Then there is no AWS::EC2::SecurityGroup
    And the resource "SsmEndpoint" is not created

  Scenario: Workloads can be placed in it
    Then the output "VpcId" refers to "Vpc"
    And the output "SubnetIds" refers to "SubnetA"
    And the output "SubnetIds" refers to "SubnetB"

  Scenario: Subnets use the private routes, not those of a new network
    Then the resource "SubnetARoutes" has property "SubnetId" referring to "SubnetA"
    And the resource "SubnetARoutes" has property "RouteTableId" referring to "PrivateRoutes"
    And the resource "SubnetBRoutes" has property "SubnetId" referring to "SubnetB"
    And the resource "SubnetBRoutes" has property "RouteTableId" referring to "PrivateRoutes"
