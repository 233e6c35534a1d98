"""The part of EC2 that load balancers lean on (EC2 Query protocol, 2016-11-15): network, security groups, instances."""
