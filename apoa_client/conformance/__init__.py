"""A conformance suite for servers that implement the reporting contract.

It runs against any server with a test account, over HTTP, and knows only the contract: neither the sandbox nor the
command line. The contract is apoa-client's own; no authority publishes one.
"""
