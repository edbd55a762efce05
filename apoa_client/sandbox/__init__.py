"""A training authority that implements the reporting contract strictly.

Staff practise with it, the demo uses it, and it is the contract's reference server: it rejects everything that the
contract does not allow. It listens only on the loopback interface and stores no personal data on disk.
"""
