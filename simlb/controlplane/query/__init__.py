"""AWS's Query protocol: form-encoded calls in, XML out, by a table of the service's shapes. Which operations there are
and what they do is in `simlb.controlplane.operations`; nothing here knows of load balancers.
"""
