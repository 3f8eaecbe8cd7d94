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

  Scenario: Workloads can be placed in it
    Then the output "VpcId" refers to "Vpc"
    And the output "SubnetIds" refers to "SubnetA"
