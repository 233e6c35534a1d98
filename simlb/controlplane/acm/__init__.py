"""ACM: certificates that are requested, validated by a DNS record, imported, described and deleted through the API.

What has to be done with files, keys and time is asked of a `Workshop`, which the application is.
"""
