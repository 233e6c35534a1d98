"""The operations of the elbv2 API, one file for each group; `table` gathers them.

An operation is a function of a `Call`: checked parameters in, a result out, both as nested values named as in the
service model. It raises QueryError. A new one is a function and a row in its file's table; the protocol is not touched.
"""
