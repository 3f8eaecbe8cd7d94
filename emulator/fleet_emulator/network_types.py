"""EC2's network types that moto can create but not delete or update: the calls of AWS's handlers, on moto's EC2.

moto's classes create them (they take the same properties); deleting and changing is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

from . import inside
from .resource_types import Operation, Properties, Resource, define, made


def _ec2(operation: Operation) -> Any:
    return inside.client("ec2", operation.account, operation.region)


Calls = Callable[[Any, Resource], None]


def _detach_gateway(ec2: Any, resource: Resource) -> None:
    properties = resource.properties
    if properties.get("InternetGatewayId"):
        ec2.detach_internet_gateway(InternetGatewayId=properties["InternetGatewayId"], VpcId=properties["VpcId"])
    if properties.get("VpnGatewayId"):
        ec2.detach_vpn_gateway(VpnGatewayId=properties["VpnGatewayId"], VpcId=properties["VpcId"])


def _release(ec2: Any, resource: Resource) -> None:
    addresses = ec2.describe_addresses(PublicIps=[resource.physical_resource_id])["Addresses"]
    ec2.release_address(AllocationId=addresses[0]["AllocationId"])


def _delete_volume(ec2: Any, resource: Resource) -> None:
    ec2.delete_volume(VolumeId=resource.physical_resource_id)


DELETES: dict[str, Calls] = {
    "AWS::EC2::EIP": _release,
    "AWS::EC2::FlowLog": lambda ec2, r: ec2.delete_flow_logs(FlowLogIds=[r.physical_resource_id]),
    "AWS::EC2::InternetGateway": lambda ec2, r: ec2.delete_internet_gateway(InternetGatewayId=r.physical_resource_id),
    "AWS::EC2::NatGateway": lambda ec2, r: ec2.delete_nat_gateway(NatGatewayId=r.physical_resource_id),
    "AWS::EC2::NetworkInterface": lambda ec2, r: ec2.delete_network_interface(NetworkInterfaceId=r.physical_resource_id),
    "AWS::EC2::RouteTable": lambda ec2, r: ec2.delete_route_table(RouteTableId=r.physical_resource_id),
    "AWS::EC2::Subnet": lambda ec2, r: ec2.delete_subnet(SubnetId=r.physical_resource_id),
    "AWS::EC2::VPC": lambda ec2, r: ec2.delete_vpc(VpcId=r.physical_resource_id),
    "AWS::EC2::VPCEndpoint": lambda ec2, r: ec2.delete_vpc_endpoints(VpcEndpointIds=[r.physical_resource_id]),
    "AWS::EC2::VPCGatewayAttachment": _detach_gateway,
    "AWS::EC2::Volume": _delete_volume,
}


def _update_vpc(ec2: Any, resource: Resource, properties: Properties) -> None:
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in properties:
            ec2.modify_vpc_attribute(VpcId=resource.physical_resource_id, **{name: {"Value": properties[name]}})


def _update_subnet(ec2: Any, resource: Resource, properties: Properties) -> None:
    launch = {"Value": properties.get("MapPublicIpOnLaunch", False)}
    ec2.modify_subnet_attribute(SubnetId=resource.physical_resource_id, MapPublicIpOnLaunch=launch)


UPDATES: dict[str, Callable[[Any, Resource, Properties], None]] = {
    "AWS::EC2::Subnet": _update_subnet,
    "AWS::EC2::VPC": _update_vpc,
}


def _define(type_name: str, remove: Calls) -> None:
    model = parsing.get_model_map()[type_name]

    def create(operation: Operation, properties: Properties) -> Resource:
        held = model.create_from_cloudformation_json(
            operation.generated_name,
            {"Type": type_name, "Properties": properties},
            operation.account,
            operation.region,
            LogicalId=operation.logical_id,
            StackId=operation.stack_id,
            ResourceType=type_name,
        )
        identifier = str(held.physical_resource_id)
        if identifier.split("-")[0] in TAGGED:
            own = {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []}
            tags = [{"Key": key, "Value": value} for key, value in {**operation.tags, **own}.items()]
            if tags:
                _ec2(operation).create_tags(Resources=[identifier], Tags=tags)
        resource = Resource(type_name, operation.logical_id, identifier, operation.account, operation.region, properties)
        resource.state = held
        if type_name == "AWS::EC2::VPC":
            _update_vpc(_ec2(operation), resource, properties)
        return resource

    def update(operation: Operation, resource: Resource, properties: Properties) -> None:
        change = UPDATES.get(type_name)
        if change is not None:
            change(_ec2(operation), resource, properties)
        tags = properties.get("Tags") or []
        if tags and resource.physical_resource_id.split("-")[0] in TAGGED:
            _ec2(operation).create_tags(Resources=[resource.physical_resource_id], Tags=tags)

    def delete(operation: Operation, resource: Resource) -> None:
        ec2 = _ec2(operation)
        try:
            remove(ec2, resource)
        except ClientError as error:
            if not error.response["Error"]["Code"].endswith((".NotFound", ".NotAttached")):
                raise

    def attributes(resource: Resource) -> dict[str, Any]:
        return _Known(resource)

    define(type_name, create=create, update=update, delete=delete, attributes=attributes)


TAGGED = frozenset({"vpc", "subnet", "rtb", "igw", "nat", "fl", "eni", "vol", "vpce", "eipalloc"})


class _Known(dict[str, Any]):
    """The attributes that moto answers, asked one at a time."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        super().__init__()

    def __contains__(self, name: object) -> bool:
        return self._ask(str(name)) is not None

    def __getitem__(self, name: str) -> Any:
        return self._ask(name)

    def _ask(self, name: str) -> Any:
        try:
            return self._resource.state.get_cfn_attribute(name)
        except (NotImplementedError, AttributeError, KeyError, UnformattedGetAttTemplateException):
            return None


def _associate(operation: Operation, properties: Properties) -> Resource:
    """Not by moto's class: it takes the route table's id for the association's."""
    answer = _ec2(operation).associate_route_table(SubnetId=properties["SubnetId"], RouteTableId=properties["RouteTableId"])
    identifier = answer["AssociationId"]
    return made("AWS::EC2::SubnetRouteTableAssociation", operation, properties, identifier, Id=identifier)


def _disassociate(operation: Operation, resource: Resource) -> None:
    _ec2(operation).disassociate_route_table(AssociationId=resource.physical_resource_id)


_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


def _create_route(operation: Operation, properties: Properties) -> Resource:
    _ec2(operation).create_route(**properties)
    where = next(properties[name] for name in _DESTINATIONS if properties.get(name))
    return made("AWS::EC2::Route", operation, properties, f"{properties['RouteTableId']}|{where}", CidrBlock=where)


def _update_route(operation: Operation, resource: Resource, properties: Properties) -> None:
    _ec2(operation).replace_route(**properties)


def _delete_route(operation: Operation, resource: Resource) -> None:
    where = {name: resource.properties[name] for name in _DESTINATIONS if resource.properties.get(name)}
    _ec2(operation).delete_route(RouteTableId=resource.properties["RouteTableId"], **where)


def register() -> None:
    """Define the types."""
    define("AWS::EC2::Route", create=_create_route, update=_update_route, delete=_delete_route)
    define("AWS::EC2::SubnetRouteTableAssociation", create=_associate, delete=_disassociate)
    for type_name, remove in DELETES.items():
        _define(type_name, remove)
